import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import { findFreePorts } from "./ports.ts";
import type { Run } from "./run.ts";
import { toolPath } from "./tools.ts";
import { waitFor } from "./waiting.ts";

/** A page of a replica. */
export interface ReplicaPage {
  readonly status: number;
  readonly text: string;
}

const START_TIMEOUT_MS = 20_000;
/** A replica that is stopped in its tracks answers nothing. */
const PAGE_TIMEOUT_MS = 2_000;

/** A real controller process on this machine, with its pages on a port of its own. It ends with its run. */
export class ControllerReplica {
  readonly name: string;
  readonly daemon: Daemon;
  readonly #origin: string;

  private constructor(name: string, daemon: Daemon, origin: string) {
    this.name = name;
    this.daemon = daemon;
    this.#origin = origin;
  }

  /** Starts a replica and waits until it serves its pages. @throws Error with the end of its log when it ends instead */
  static async start(
    run: Run,
    name: string,
    options: { readonly kubeconfigPath: string; readonly flags?: readonly string[] },
  ): Promise<ControllerReplica> {
    const [port = 0] = await findFreePorts(1);
    const flags = [
      `--kubeconfig=${options.kubeconfigPath}`,
      `--identity=${name}`,
      `--metrics-address=127.0.0.1:${port}`,
      ...(options.flags ?? []),
    ];
    const daemon = await Daemon.start(run, `the controller ${name}`, {
      argv: [toolPath("cluster-ipam-controller"), ...flags],
      env: {},
      logPath: join(run.folder, `controller-${name}.log`),
    });
    const replica = new ControllerReplica(name, daemon, `http://127.0.0.1:${port}`);
    const isServing = async (): Promise<true | undefined> => {
      await daemon.assertRunning();
      return (await replica.page("/metrics")) === undefined ? undefined : true;
    };
    await waitFor(isServing, { what: `${name} to serve its pages`, timeoutMs: START_TIMEOUT_MS, signal: run.signal });
    return replica;
  }

  /** One of its pages; undefined where it does not answer. */
  async page(path: string, timeoutMs: number = PAGE_TIMEOUT_MS): Promise<ReplicaPage | undefined> {
    try {
      const answer = await fetch(this.#origin + path, { signal: AbortSignal.timeout(timeoutMs) });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return undefined;
    }
  }

  /** Whether it says that it leads; false where it does not answer. */
  async isLeading(timeoutMs: number = PAGE_TIMEOUT_MS): Promise<boolean> {
    return (await this.metric("leading", timeoutMs)) === 1;
  }

  /** The value of one of its own series, without their common prefix; undefined where there is none. */
  async metric(series: string, timeoutMs: number = PAGE_TIMEOUT_MS): Promise<number | undefined> {
    const page = await this.page("/metrics", timeoutMs);
    const prefix = `cluster_ipam_controller_${series} `;
    const line = page?.text.split("\n").find((candidate) => candidate.startsWith(prefix));
    return line === undefined ? undefined : Number(line.slice(prefix.length));
  }
}
