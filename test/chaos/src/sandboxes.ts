import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ipBatch, NETNS_FOLDER, onExit, type Run } from "@cluster-ipam/test-integration";

/** So many are made at once: one run of `ip` for all of them costs little more than one for a single one. */
const BATCH = 64;

/** Makes and ends the network namespaces of sandboxes, in batches: one for each attachment, real, and empty. */
export class Sandboxes {
  readonly #run: Run;
  readonly #alive = new Set<string>();
  readonly #ready: string[] = [];
  #ending: string[] = [];
  #made = 0;
  #making: Promise<void> | undefined;
  #endingRound: Promise<void> | undefined;

  constructor(run: Run) {
    this.#run = run;
    const forget = onExit(() => spawnSync("ip", ["-force", "-batch", "-"], { input: deletion(this.#alive) }));
    run.defer(async () => {
      await this.#settled();
      // Without the run's signal, which may have fired.
      spawnSync("ip", ["-force", "-batch", "-"], { input: deletion(this.#alive) });
      forget();
    });
  }

  /** A sandbox that nobody has had before. @returns the path of its namespace */
  async take(): Promise<string> {
    for (;;) {
      const name = this.#ready.pop();
      if (name !== undefined) return join(NETNS_FOLDER, name);
      this.#making ??= this.#make().finally(() => (this.#making = undefined));
      await this.#making;
    }
  }

  /** Ends a sandbox: its path is gone when this resolves. */
  async end(path: string): Promise<void> {
    this.#ending.push(path.slice(NETNS_FOLDER.length + 1));
    // One that is under way does not take this one along.
    await this.#endingRound?.catch(() => undefined);
    this.#endingRound ??= this.#endAll().finally(() => (this.#endingRound = undefined));
    await this.#endingRound;
  }

  async #make(): Promise<void> {
    const names = Array.from({ length: BATCH }, () => `${this.#run.id}-s${this.#made++}`);
    for (const name of names) this.#alive.add(name);
    await ipBatch(
      this.#run,
      names.map((name) => `netns add ${name}`),
    );
    this.#ready.push(...names);
  }

  async #endAll(): Promise<void> {
    const names = this.#ending;
    this.#ending = [];
    if (names.length === 0) return;
    await ipBatch(
      this.#run,
      names.map((name) => `netns delete ${name}`),
    );
    for (const name of names) this.#alive.delete(name);
  }

  async #settled(): Promise<void> {
    await Promise.allSettled([this.#making, this.#endingRound]);
  }
}

function deletion(names: Iterable<string>): string {
  return [...names].map((name) => `netns delete ${name}\n`).join("");
}
