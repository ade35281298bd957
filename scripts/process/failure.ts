import { inspect } from "node:util";

/** A failure that a person can mend: its message is one line that says what is wrong and what to do about it. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/**
 * Runs a script's main function. A {@link Failure} is printed as its one line, anything else with its stack; both set
 * exit status 1. Nothing is printed once `signal` has fired, since the user asked for the end.
 */
export async function runMain(main: () => Promise<void>, signal?: AbortSignal): Promise<void> {
  try {
    await main();
  } catch (err) {
    if (signal?.aborted) return;
    process.exitCode = 1;
    const text = err instanceof Failure ? err.message : inspect(err);
    process.stderr.write(`${text}\n`);
  }
}
