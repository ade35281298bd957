/**
 * Names of leases by what they have in common. Nearly always there is one to a key, which is kept as it is: a Set or a
 * list for each would take more memory than the rest of what is known of a lease's place.
 */
export class NameIndex {
  readonly #names = new Map<string, string | readonly string[]>();

  /** The names under `key`, in the order in which they came. */
  get(key: string): readonly string[] {
    const names = this.#names.get(key) ?? [];
    return typeof names === "string" ? [names] : names;
  }

  /** Puts `name` under `key`, once. */
  add(key: string, name: string): void {
    const others = this.get(key).filter((other) => other !== name);
    this.#set(key, [...others, name]);
  }

  /** Takes `name` away from `key`, where it is there. */
  remove(key: string, name: string): void {
    this.#set(
      key,
      this.get(key).filter((other) => other !== name),
    );
  }

  #set(key: string, names: readonly string[]): void {
    const [first, ...more] = names;
    if (first === undefined) this.#names.delete(key);
    else this.#names.set(key, more.length === 0 ? first : names);
  }
}
