/** One thing that happened. */
export interface StoryLine {
  readonly atMs: number;
  readonly text: string;
}

/** What happened in a run, in words, in order. */
export class Story {
  readonly lines: StoryLine[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `text` happens now. */
  tell(text: string): void {
    this.lines.push({ atMs: this.#now(), text });
  }
}

/** The lines as numbered steps with their time in seconds. */
export function formatStory(lines: readonly StoryLine[]): string {
  const width = String(lines.length).length;
  return lines
    .map(({ atMs, text }, index) => {
      const step = String(index + 1).padStart(width);
      return `${step}. ${(atMs / 1_000).toFixed(3).padStart(8)} s  ${text}`;
    })
    .join("\n");
}
