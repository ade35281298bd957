import type { Logger } from "@cluster-ipam/telemetry";
import { untilAborted } from "./until-aborted.ts";

/** One thing that the leader sees to, in a folder of its own. */
export interface Concern {
  /** For logs, such as `pool-status`. */
  readonly name: string;
  /** Sees to it until `signal` aborts. It bears with failures that may pass; what it throws ends the process. */
  run(signal: AbortSignal): Promise<void>;
}

/** What a {@link Controller} is made of. */
export interface ControllerOptions {
  readonly concerns: readonly Concern[];
  readonly log: Logger;
}

/**
 * What the leader of the controllers does: all its concerns, side by side.
 *
 * @example
 * await elector.run((signal) => controller.run(signal), shutdown);
 */
export class Controller {
  readonly #concerns: readonly Concern[];
  readonly #log: Logger;

  constructor({ concerns, log }: ControllerOptions) {
    this.#concerns = concerns;
    this.#log = log;
  }

  /**
   * Resolves when `signal` has aborted and every concern has ended. May be called again after that.
   *
   * @throws what the first concern failed with, or Error where it ended without being told to; the others have ended then
   */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const ended = AbortSignal.any([signal, failed.signal]);
    const running = this.#concerns.map(async (concern) => {
      try {
        await runToEnd(concern, ended);
      } catch (error) {
        this.#log.error({ concern: concern.name, err: error }, "concern failed");
        failed.abort(error);
      }
    });
    await Promise.all([untilAborted(ended), ...running]);
    if (failed.signal.aborted) throw failed.signal.reason;
  }
}

async function runToEnd(concern: Concern, ended: AbortSignal): Promise<void> {
  try {
    await concern.run(ended);
  } catch (error) {
    if (ended.aborted && error instanceof Error && error.name === "AbortError") return;
    throw error;
  }
  if (!ended.aborted) throw new Error(`${concern.name} ended by itself`);
}
