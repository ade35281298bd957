import { createLogger, type Logger } from "@cluster-ipam/telemetry";

/** A logger whose lines a test can read. */
export class LogLines {
  readonly #lines: Record<string, unknown>[] = [];
  readonly log: Logger = createLogger({}, "debug", {
    write: (line: string) => void this.#lines.push(JSON.parse(line) as Record<string, unknown>),
  });

  /** Every line, in order. */
  get all(): readonly Record<string, unknown>[] {
    return this.#lines;
  }

  /** Fields of the lines with this message. */
  with(msg: string): readonly Record<string, unknown>[] {
    return this.#lines.filter((line) => line["msg"] === msg);
  }
}
