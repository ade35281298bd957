/** What the demo prints: plain lines, so that they read the same in a terminal and in a file. */
export class Screen {
  readonly #startedAtMs = performance.now();

  /** Prints lines as they are. */
  print(...lines: readonly string[]): void {
    process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  }

  /** Prints what happens, with the time since the start. */
  progress(text: string): void {
    this.print(`${this.elapsed().padStart(7)}  ${text}`);
  }

  /** Prints the heading of a part. */
  heading(text: string): void {
    this.print("", text);
  }

  /** Prints what belongs to a part, set in. */
  indented(lines: readonly string[]): void {
    this.print(...lines.map((line) => `   ${line}`.trimEnd()));
  }

  /** Time since the start, such as `4.2 s`. */
  elapsed(): string {
    return `${((performance.now() - this.#startedAtMs) / 1_000).toFixed(1)} s`;
  }
}
