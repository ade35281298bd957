const pending = new Set<() => void>();
let isHooked = false;

/**
 * Registers work for the case that this process ends without closing its runs: an uncaught exception, an exit in the
 * middle. It runs synchronously, last registered first. (After SIGKILL nothing runs: the next run removes what is left,
 * see dead-runs.ts.)
 *
 * @returns a function that takes the registration back.
 */
export function onExit(cleanup: () => void): () => void {
  if (!isHooked) process.once("exit", runPending);
  isHooked = true;
  pending.add(cleanup);
  return () => void pending.delete(cleanup);
}

function runPending(): void {
  for (const cleanup of [...pending].toReversed()) {
    try {
      cleanup();
    } catch {
      // The process ends; what could not be removed is the next run's to remove.
    }
  }
}
