import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, onExit, runCommand, type SimulatedNode, waitFor } from "@cluster-ipam/test-integration";
import type { Doubts } from "./doubts.ts";

/** A page for each file of the spool: room for some thousands, since an agent that is killed again and again keeps them. */
const SIZE_BYTES = 16 * 1024 * 1024;
const REMOUNT_TIMEOUT_MS = 10_000;
/** Nobody else's file: not in the spool. */
const FILLER = "filler";

/** The file system under a node's state folder, small enough to run full. */
export class StateDisk {
  readonly #folder: string;
  readonly #doubts: Doubts;

  private constructor(folder: string, doubts: Doubts) {
    this.#folder = folder;
    this.#doubts = doubts;
  }

  /** Mounts it, until the node's run ends. No agent runs yet. */
  static async mount(node: SimulatedNode, doubts: Doubts): Promise<StateDisk> {
    const { stateFolder, run } = node;
    const unmount = (): void => void spawnSync("umount", ["--lazy", stateFolder]);
    const forget = onExit(unmount);
    run.defer(async () => {
      unmount();
      forget();
    });
    await mustRun(["mount", "-t", "tmpfs", "-o", `size=${SIZE_BYTES}`, `${run.id}-${node.name}`, stateFolder]);
    return new StateDisk(stateFolder, doubts);
  }

  /** From now on a write fails with ENOSPC. */
  async fill(): Promise<void> {
    this.#doubts.raise(this.#folder);
    await this.#writeInVain(FILLER, "ENOSPC");
  }

  /** From now on a write fails with EROFS. */
  async makeReadOnly(): Promise<void> {
    this.#doubts.raise(this.#folder);
    await this.#remount("ro");
    await this.#writeInVain(FILLER, "EROFS");
  }

  /** Takes writes again. */
  async restore(): Promise<void> {
    await this.#remount("rw");
    await rm(join(this.#folder, FILLER), { force: true });
    this.#doubts.settle(this.#folder);
  }

  /** @throws Error when the file system takes the file, or refuses it for another reason */
  async #writeInVain(name: string, expected: string): Promise<void> {
    // More than there is room for, also where nothing else lies there.
    const code = await writeFile(join(this.#folder, name), Buffer.alloc(2 * SIZE_BYTES)).then(
      () => "no error",
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (code !== expected) throw new Error(`a write to ${this.#folder} ended with ${code} instead of ${expected}`);
  }

  /** The kernel refuses while a file is open for writing. */
  async #remount(mode: "ro" | "rw"): Promise<void> {
    const isDone = async (): Promise<true | undefined> => {
      const { exitCode } = await runCommand(["mount", "-o", `remount,${mode}`, this.#folder]);
      return exitCode === 0 ? true : undefined;
    };
    await waitFor(isDone, { what: `${this.#folder} to be ${mode}`, timeoutMs: REMOUNT_TIMEOUT_MS });
  }
}
