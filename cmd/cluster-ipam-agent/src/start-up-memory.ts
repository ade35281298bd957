/**
 * Gives back what only the start needed: parsed sources, compiled code that does not run again, what the young
 * generation grew to. An agent that waits for its first pod would keep that for hours, since V8 collects only when
 * something is allocated. It takes some tens of milliseconds, in which nothing else runs. Does nothing unless Node.js
 * was started with `--expose-gc`.
 */
export function releaseStartUpMemory(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
