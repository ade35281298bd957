import type { IPLease } from "@cluster-ipam/api";

interface Suspicion {
  /** What it is about: a lease that has changed is another matter. */
  readonly about: string;
  readonly sinceMs: number;
  look: number;
  isTold: boolean;
}

/** What speaks against leases, and since when: one look is never enough to release one. */
export class Suspicions {
  readonly #patienceMs: number;
  readonly #byName = new Map<string, Suspicion>();
  #look = 0;

  /** @param patienceMs how far apart two looks must be that both find the same */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Number of leases that something speaks against. */
  get size(): number {
    return this.#byName.size;
  }

  /** What the next look does not find again is forgotten when that ends. */
  beginLook(): void {
    this.#look += 1;
  }

  /** A look is over that has seen every lease that it is about. */
  endLook(): void {
    for (const [name, { look }] of this.#byName) if (look !== this.#look) this.#byName.delete(name);
  }

  /** This look finds something against `lease`. @returns whether one long enough ago has found the same */
  isConfirmed(lease: IPLease, nowMs: number): boolean {
    const { name } = lease.metadata;
    const about = identityOf(lease);
    const known = this.#byName.get(name);
    if (known?.about === about) {
      known.look = this.#look;
      return nowMs - known.sinceMs >= this.#patienceMs;
    }
    this.#byName.set(name, { about, sinceMs: nowMs, look: this.#look, isTold: false });
    return false;
  }

  /** Whether somebody has told of it: for what stays as it is, such as in a dry run. */
  isTold({ metadata }: IPLease): boolean {
    return this.#byName.get(metadata.name)?.isTold === true;
  }

  /** Somebody tells of it. */
  markTold({ metadata }: IPLease): void {
    const known = this.#byName.get(metadata.name);
    if (known !== undefined) known.isTold = true;
  }
}

/** An ADD that repeats or takes over a lease changes one of these. */
function identityOf({ metadata, spec }: IPLease): string {
  const { network, containerID, ifName, sandbox, addedAt } = spec;
  return JSON.stringify([metadata.uid, network, containerID, ifName, sandbox, addedAt]);
}
