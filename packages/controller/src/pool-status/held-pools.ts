/** Whether leases of a pool are held up: what the controller would give back, and does not, since it is too much at once. */
export type HeldVerdict =
  /** Nobody has looked yet in this term, or what the look has found does not tell yet. */
  | { readonly kind: "unknown" }
  | { readonly kind: "nothing" }
  /** What is held up, why, and what to do. */
  | { readonly kind: "held"; readonly message: string };

const UNKNOWN: HeldVerdict = { kind: "unknown" };
const NOTHING: HeldVerdict = { kind: "nothing" };

/** What a look for garbage knows of pools. */
export interface HeldLook {
  /** What is to be said of those whose leases are held up. */
  readonly messages: ReadonlyMap<string, string>;
  /** Those of which this term cannot tell yet, where no message says it. */
  readonly undecided: ReadonlySet<string>;
}

/** Which pools have leases that are held up, in one term. */
export class HeldPools {
  #look: HeldLook | undefined;

  /** What is known of the pool. */
  of(pool: string): HeldVerdict {
    return verdictOf(pool, this.#look);
  }

  /**
   * A look has ended.
   *
   * @param pools names of all pools
   * @returns those of which something else is known now
   */
  set(look: HeldLook, pools: Iterable<string>): readonly string[] {
    const before = this.#look;
    this.#look = look;
    return [...pools].filter((pool) => !isSame(verdictOf(pool, before), verdictOf(pool, look)));
  }
}

function verdictOf(pool: string, look: HeldLook | undefined): HeldVerdict {
  const message = look?.messages.get(pool);
  if (message !== undefined) return { kind: "held", message };
  return look === undefined || look.undecided.has(pool) ? UNKNOWN : NOTHING;
}

function isSame(a: HeldVerdict, b: HeldVerdict): boolean {
  return a.kind === b.kind && (a.kind !== "held" || b.kind !== "held" || a.message === b.message);
}
