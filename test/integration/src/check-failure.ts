/** A program's own check has failed: the message is one line that says which. */
export class CheckFailure extends Error {
  override readonly name: string = "CheckFailure";
}
