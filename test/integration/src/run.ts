import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { RUN_PREFIX, removeDeadRuns } from "./dead-runs.ts";
import { onExit } from "./exit-cleanup.ts";

/**
 * Owner of everything that one test file, or the demo, makes on the machine. What is made later is removed earlier, and
 * the failure of one removal does not keep the others from happening.
 *
 * @example
 * await using run = await Run.open();
 * const namespace = await NetworkNamespace.create(run, "pod");
 */
export class Run implements AsyncDisposable {
  /** `cipam-<pid>-<random>`: what the names of this run's namespaces begin with. */
  readonly id: string;
  /** A temporary folder that only this user can read. */
  readonly folder: string;
  /** Every wait within the run ends when this fires. Removal goes on regardless. */
  readonly signal: AbortSignal;
  readonly #removals = new AsyncDisposableStack();

  private constructor(folder: string, signal: AbortSignal) {
    this.id = basename(folder);
    this.folder = folder;
    this.signal = signal;
  }

  /** Opens a run, after removing what earlier ones left that were killed. */
  static async open(signal: AbortSignal = new AbortController().signal): Promise<Run> {
    await removeDeadRuns();
    const run = new Run(await mkdtemp(join(tmpdir(), `${RUN_PREFIX}${process.pid}-`)), signal);
    const forget = onExit(() => rmSync(run.folder, { recursive: true, force: true }));
    run.defer(async () => {
      await rm(run.folder, { recursive: true, force: true });
      forget();
    });
    return run;
  }

  /** Registers a removal. It must be fine with a thing that is gone already. */
  defer(remove: () => Promise<void>): void {
    this.#removals.defer(remove);
  }

  /** Removes everything, last made first. @throws the joined failures, after everything has been tried. */
  async close(): Promise<void> {
    await this.#removals.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
