/** Time as an argument: the allocator and the agent never ask the machine. */
export interface Clock {
  /** Milliseconds of a monotonic clock with an arbitrary origin. */
  nowMs(): number;
  /** Resolves after `ms`, or early when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A source of numbers in [0, 1), such as Math.random; seeded in tests. */
export type Random = () => number;
