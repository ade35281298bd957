/** Bounds of a pause that doubles from one failure to the next. */
export interface BackOffBounds {
  readonly firstMs: number;
  readonly maxMs: number;
  /** By what part of itself each pause is shortened at random, at most, so that many do not come back at once. */
  readonly jitter: number;
}

/** The pause after so many failures in a row, the first of them being 1. @param random numbers in [0, 1) */
export function backOffMs({ firstMs, maxMs, jitter }: BackOffBounds, failures: number, random: () => number): number {
  return Math.min(firstMs * 2 ** (failures - 1), maxMs) * (1 - jitter * random());
}
