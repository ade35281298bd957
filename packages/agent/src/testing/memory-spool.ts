import { type SpooledRelease, spoolFileName } from "@cluster-ipam/cni";
import type { Spool, SpooledFile, SpoolSlice } from "../releases/spool.ts";

/** A spool without a disk; a test may put files there as a plugin does, and let it fail. */
export class MemorySpool implements Spool {
  readonly #files = new Map<string, SpooledRelease>();
  /** From now on nothing can be written or removed. */
  isFull = false;

  /** Names of the files, in order. */
  get names(): readonly string[] {
    return [...this.#files.keys()].toSorted();
  }

  /** Leaves a release there, as a plugin does. */
  put(release: SpooledRelease): string {
    const name = spoolFileName(release);
    this.#files.set(name, release);
    return name;
  }

  read(isKnown: (name: string) => boolean): SpoolSlice {
    const files = this.names.flatMap((name) => {
      const release = this.#files.get(name);
      return release === undefined || isKnown(name) ? [] : [{ name, release }];
    });
    return { files, isLast: true };
  }

  async write({ name, release }: SpooledFile): Promise<void> {
    this.#assertNotFull();
    this.#files.set(name, release);
  }

  remove(name: string): void {
    this.#assertNotFull();
    this.#files.delete(name);
  }

  #assertNotFull(): void {
    if (this.isFull) throw new Error("ENOSPC: no space left on device");
  }
}
