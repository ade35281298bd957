/** The signals that ask a program to end, with the exit status that shells expect afterwards. */
const EXIT_CODES: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Somebody asked for the end: nothing to report. */
class Interruption extends Error {
  override readonly name: string = "Interruption";
}

/**
 * Turns what ends a program early into an AbortSignal, so that what it made is removed before it ends: the usual
 * signals, and a reader of its output that has gone away (`| head`).
 */
export function listenForInterruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (reason: string, exitCode: number): void => {
    process.exitCode = exitCode;
    controller.abort(new Interruption(reason));
  };
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) process.on(name, () => interrupt(name, exitCode));
  // The status that a shell gives a program that SIGPIPE ended, which Node.js ignores.
  process.stdout.on("error", () => interrupt("nobody reads the output", 141));
  return controller.signal;
}

/** Waits until the end is asked for: for programs that run until then, so that it is a success. */
export async function untilInterrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  // A pending promise alone does not keep Node.js running.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  clearInterval(alive);
  process.exitCode = 0;
}
