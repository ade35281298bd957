import { onTestFinished } from "vitest";
import type { Concern } from "../controller.ts";

/** Runs a concern until the test is over. @returns ends it before */
export function runForTest(concern: Pick<Concern, "run">): () => Promise<void> {
  const ended = new AbortController();
  const running = concern.run(ended.signal);
  const end = (): Promise<void> => {
    ended.abort();
    return running;
  };
  onTestFinished(end);
  return end;
}
