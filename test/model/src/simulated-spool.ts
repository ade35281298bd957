import type { Spool, SpooledFile, SpoolSlice } from "@cluster-ipam/agent";

/** The spool of one node: what is in it outlives every agent. */
export class SimulatedSpool implements Spool {
  readonly #files = new Map<string, SpooledFile>();

  read(isKnown: (name: string) => boolean): SpoolSlice {
    const names = [...this.#files.keys()].toSorted().filter((name) => !isKnown(name));
    return { files: names.flatMap((name) => this.#files.get(name) ?? []), isLast: true };
  }

  write(file: SpooledFile): Promise<void> {
    this.#files.set(file.name, file);
    return Promise.resolve();
  }

  remove(name: string): void {
    this.#files.delete(name);
  }
}
