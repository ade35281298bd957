/** One claim or return of a block at a time for each pool, in the order in which they came. */
export class PoolTurns {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `task` after every earlier one of the same pool has ended, however that ended. */
  async run<T>(pool: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(pool);
    const running = before === undefined ? task() : before.then(task, task);
    this.#tails.set(pool, running);
    try {
      return await running;
    } finally {
      if (this.#tails.get(pool) === running) this.#tails.delete(pool);
    }
  }
}
