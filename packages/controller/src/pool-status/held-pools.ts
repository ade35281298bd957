/** Whether leases of a pool are held up: what the controller would give back, and does not, since it is too much at once. */
export type HeldVerdict =
  /** Nobody has looked yet in this term. */
  | { readonly kind: "unknown" }
  | { readonly kind: "nothing" }
  /** What is held up, why, and what to do. */
  | { readonly kind: "held"; readonly message: string };

const UNKNOWN: HeldVerdict = { kind: "unknown" };
const NOTHING: HeldVerdict = { kind: "nothing" };

/** Which pools have leases that are held up, in one term. */
export class HeldPools {
  #messages: ReadonlyMap<string, string> | undefined;

  /** What is known of the pool. */
  of(pool: string): HeldVerdict {
    if (this.#messages === undefined) return UNKNOWN;
    const message = this.#messages.get(pool);
    return message === undefined ? NOTHING : { kind: "held", message };
  }

  /**
   * A look has ended.
   *
   * @param messages of the pools whose leases are held up; the others' are not
   * @param pools names of all pools
   * @returns those of which something else is known now
   */
  set(messages: ReadonlyMap<string, string>, pools: Iterable<string>): readonly string[] {
    const before = this.#messages;
    this.#messages = messages;
    return [...pools].filter((pool) => before === undefined || before.get(pool) !== messages.get(pool));
  }
}
