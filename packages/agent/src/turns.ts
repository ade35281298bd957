/** Lets one task at a time through for each key, in the order in which they came. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `task` after every earlier one of the same key has ended, however that ended. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const running = before === undefined ? task() : before.then(task, task);
    this.#tails.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#tails.get(key) === running) this.#tails.delete(key);
    }
  }
}
