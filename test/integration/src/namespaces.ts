import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type CommandOptions, type CommandResult, mustRun, runCommand } from "./command.ts";
import { NETNS_FOLDER } from "./dead-runs.ts";
import { onExit } from "./exit-cleanup.ts";
import type { Run } from "./run.ts";

/** A network namespace with a name, as `ip netns` makes them. Removed with its run at the latest. */
export class NetworkNamespace {
  readonly name: string;
  readonly run: Run;
  readonly #forget: () => void;

  private constructor(run: Run, name: string) {
    this.run = run;
    this.name = name;
    this.#forget = onExit(() => spawnSync("ip", ["netns", "delete", name]));
    run.defer(() => this.delete());
  }

  /**
   * Makes a namespace with its loopback interface up.
   *
   * @param label - tells it from the run's other ones.
   */
  static async create(run: Run, label: string): Promise<NetworkNamespace> {
    run.signal.throwIfAborted();
    const namespace = new NetworkNamespace(run, `${run.id}-${label}`);
    await ipBatch(run, [`netns add ${namespace.name}`]);
    await namespace.configure(["link set lo up"]);
    return namespace;
  }

  /** What CNI_NETNS holds. */
  get path(): string {
    return join(NETNS_FOLDER, this.name);
  }

  /** The beginning of a command line that runs the rest in this namespace. The mount namespace stays the machine's. */
  get enter(): readonly string[] {
    return ["nsenter", `--net=${this.path}`, "--"];
  }

  /** Runs a command inside. */
  async exec(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return await runCommand([...this.enter, ...argv], { signal: this.run.signal, ...options });
  }

  /** Runs `ip` once inside: a command per line, without the word `ip`. @throws CommandError at the first failure. */
  async configure(lines: readonly string[]): Promise<void> {
    await ipBatch(this.run, lines, this.name);
  }

  /** Removes the name. The kernel ends the namespace once nobody is in it. One that is gone already is fine. */
  async delete(): Promise<void> {
    const result = await runCommand(["ip", "netns", "delete", this.name]);
    if (result.exitCode !== 0 && !result.stderr.includes("No such file")) {
      throw new Error(`cannot remove network namespace ${this.name}: ${result.stderr}`);
    }
    this.#forget();
  }
}

/** Runs `ip` once with a command per line, in a namespace or in the harness's own. */
export async function ipBatch(run: Run, lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-netns", namespace];
  await mustRun(["ip", ...where, "-batch", "-"], { input: `${lines.join("\n")}\n`, signal: run.signal });
}
