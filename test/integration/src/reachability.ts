import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { EchoReport, EchoTask } from "./bin/echo-probe.ts";
import type { NetworkNamespace } from "./namespaces.ts";
import type { Run } from "./run.ts";

/** Somebody who must be reached, and must be the one who answers. */
export interface Reachable {
  readonly name: string;
  readonly namespace: NetworkNamespace;
  readonly addresses: readonly string[];
}

/** One direction between two of them, to one address. */
export interface FailedPair {
  readonly from: string;
  readonly to: string;
  readonly address: string;
  /** Who answered instead; undefined when nobody did. */
  readonly answeredBy: string | undefined;
}

/** What a ping of all pairs found. */
export interface PingReport {
  /** How many packets were sent: one for each direction of each pair and each address. */
  readonly sent: number;
  readonly failed: readonly FailedPair[];
}

const ANSWER_TIMEOUT_MS = 2_000;
const PROBE_TIMEOUT_MS = 15_000;
const PROBE = join(import.meta.dirname, "bin/echo-probe.ts");

/**
 * Lets each send one packet to each address of each other, all at once. The answer carries the name of who gives it, so
 * that two holders of one address are found out, which ICMP's echo would hide; and it needs no ping program.
 */
export async function pingAll(run: Run, members: readonly Reachable[]): Promise<PingReport> {
  const probes = await Promise.all(members.map((member) => EchoProbe.start(run, member)));
  try {
    const reports = await Promise.all(probes.map((probe) => probe.ping(members)));
    const answers = reports.flat();
    return { sent: answers.length, failed: answers.filter(({ to, answeredBy }) => to !== answeredBy) };
  } finally {
    for (const probe of probes) probe.close();
  }
}

/** A process inside one namespace that answers packets, and sends some when told to. */
class EchoProbe {
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, child: ChildProcessWithoutNullStreams, lines: Interface) {
    this.#name = name;
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(run: Run, { name, namespace }: Reachable): Promise<EchoProbe> {
    const argv = ["--pdeathsig", "KILL", "--", ...namespace.enter, process.execPath, PROBE, name];
    const signal = AbortSignal.any([run.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    const child = spawn("setpriv", argv, { detached: true, signal, killSignal: "SIGKILL" });
    // The end of the probe shows in its output's end, which readLine reports.
    child.on("error", () => undefined);
    child.stdin.on("error", () => undefined);
    const probe = new EchoProbe(name, child, createInterface({ input: child.stdout }));
    await probe.#readLine();
    return probe;
  }

  async ping(members: readonly Reachable[]): Promise<readonly FailedPair[]> {
    const others = members.filter(({ name }) => name !== this.#name);
    const targets = others.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address })));
    const task: EchoTask = { addresses: targets.map(({ address }) => address), timeoutMs: ANSWER_TIMEOUT_MS };
    this.#child.stdin.write(`${JSON.stringify(task)}\n`);
    const report = JSON.parse(await this.#readLine()) as EchoReport;
    return targets.map(({ name, address }) => ({ from: this.#name, to: name, address, answeredBy: report[address] }));
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }

  async #readLine(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the probe of ${this.#name} ended early: ${this.#child.stderr.read()}`);
    return value;
  }
}
