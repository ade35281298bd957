/** A command line that cannot be used; the message names the flag, the value and what is expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
