/** The signals that ask a script to stop, with the exit status that shells expect afterwards. */
const EXIT_CODES: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Turns the signals that stop a script into an AbortSignal, and sets the exit code to go with it. The caller's work
 * ends its children when the signal fires; the process then ends by itself.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      process.exitCode = exitCode;
      controller.abort();
    });
  }
  return controller.signal;
}
