import type { CheckReport } from "./check-report.ts";

/**
 * What became of a check that somebody asked for.
 *
 * - `not-leading`: nobody does checks here, or does no more.
 * - `failed`: the server did not answer as it must, or not in time.
 */
export type CheckOutcome =
  | { readonly kind: "done"; readonly report: CheckReport }
  | { readonly kind: "failed"; readonly cause: Error }
  | { readonly kind: "not-leading" };

/** Never rejects. */
export type Checking = () => Promise<CheckOutcome>;

/** Where people ask for a check for as long as the process lives; while it leads there is somebody to do it. */
export class CheckDesk {
  #checking: Checking | undefined;

  /** From now on checks are done so. @returns ends that */
  open(checking: Checking): () => void {
    this.#checking = checking;
    return () => {
      if (this.#checking === checking) this.#checking = undefined;
    };
  }

  /** A check, if there is anybody to do it. Never rejects. */
  async check(): Promise<CheckOutcome> {
    return (await this.#checking?.()) ?? { kind: "not-leading" };
  }
}
