/** What the callers did, in numbers. */
export interface Tally {
  /** ADDs that were answered with addresses. */
  adds: number;
  dels: number;
  checks: number;
  /** ADDs and CHECKs that were refused with "try again later". */
  refused: number;
  /** Plugins that their callers killed. */
  killedCalls: number;
  /** Plugins that could not be run and were run again. */
  repeated: number;
  /** Sandboxes that ended without a DEL. */
  vanished: number;
}

/** Nothing done yet. */
export function emptyTally(): Tally {
  return { adds: 0, dels: 0, checks: 0, refused: 0, killedCalls: 0, repeated: 0, vanished: 0 };
}
