import { CheckFailure } from "./check-failure.ts";
import { RequirementError } from "./tools.ts";

/**
 * Runs a program's main function. What a person can mend and what a check found are printed as one line, anything else
 * with its stack; all of them set exit status 1. Nothing is printed when the end was asked for.
 */
export async function runMain(signal: AbortSignal, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (err) {
    if (signal.aborted) return;
    process.exitCode = 1;
    const isExpected = err instanceof RequirementError || err instanceof CheckFailure;
    const text = isExpected ? err.message : err instanceof Error ? (err.stack ?? err.message) : String(err);
    process.stderr.write(`${text}\n`);
  }
}
