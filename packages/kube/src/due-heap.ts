/** Something that is due at a time. */
export interface Due {
  readonly dueMs: number;
}

/** What is due first comes first; of two that are due together, the one that was put in first. A binary heap. */
export class DueHeap<T extends Due> {
  #nodes: { readonly item: T; readonly order: number }[] = [];
  #added = 0;

  get size(): number {
    return this.#nodes.length;
  }

  /** What is due first, left where it is. */
  peek(): T | undefined {
    return this.#nodes[0]?.item;
  }

  push(item: T): void {
    this.#nodes.push({ item, order: this.#added++ });
    let child = this.#nodes.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  /** Takes out what is due first. */
  pop(): T | undefined {
    const first = this.#nodes[0];
    const last = this.#nodes.pop();
    if (first === undefined || last === undefined || first === last) return first?.item;
    this.#nodes[0] = last;
    this.#sink();
    return first.item;
  }

  /** Drops what `isKept` does not want; it is asked in order. */
  retain(isKept: (item: T) => boolean): void {
    // What is in order is a heap.
    this.#nodes.sort((a, b) => a.item.dueMs - b.item.dueMs || a.order - b.order);
    this.#nodes = this.#nodes.filter(({ item }) => isKept(item));
  }

  clear(): void {
    this.#nodes.length = 0;
  }

  #sink(): void {
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#nodes.length && this.#isBefore(child, first)) first = child;
      }
      if (first === parent) return;
      this.#swap(parent, first);
      parent = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#nodes[a], this.#nodes[b]];
    if (one === undefined || other === undefined) return false;
    return one.item.dueMs === other.item.dueMs ? one.order < other.order : one.item.dueMs < other.item.dueMs;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#nodes[a], this.#nodes[b]];
    if (one === undefined || other === undefined) return;
    this.#nodes[a] = other;
    this.#nodes[b] = one;
  }
}
