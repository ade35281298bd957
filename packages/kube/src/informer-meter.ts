import type { ReadTrouble } from "./read-trouble.ts";
import type { WatchEnding } from "./watch-pass.ts";

/** What an informer counts and tells: one method for each thing that happens. None may throw or wait. */
export interface InformerMeter {
  /** Everything has been listed: at the start, and whenever a watch could not be gone on with. */
  listed(objects: number, durationMs: number): void;
  /** A page of a list, or the question where the server is, was in vain; it is read again after `pauseMs`. */
  readFailed(trouble: ReadTrouble, pauseMs: number): void;
  /**
   * A watch has ended, of itself or not; the next one, or a list, begins after `pauseMs`. Also told, as `rewound`, when
   * it turns out before the next one that there can be none.
   */
  watchEnded(ending: WatchEnding, pauseMs: number): void;
  /** The watch has told of something. */
  eventSeen(kind: "set" | "deleted" | "bookmark"): void;
  /** A handler has thrown: a mistake in the program. */
  handlerFailed(error: Error): void;
}

/** Counts nothing. */
export const NO_INFORMER_METER: InformerMeter = {
  listed: () => undefined,
  readFailed: () => undefined,
  watchEnded: () => undefined,
  eventSeen: () => undefined,
  handlerFailed: () => undefined,
};
