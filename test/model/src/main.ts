// Runs the model: `main.ts SEED` or `main.ts FIRST-LAST`. Ends with 1 and the shortest story found when a seed breaks a
// rule; with `whole` behind it, the story is told as it was, which is there at once.

import { runRange } from "./seed-crew.ts";
import { parseSeedRange, type SeedRange } from "./seed-range.ts";
import { storyOf } from "./seed-story.ts";

const DEFAULT_SEEDS = "1-10000";
/** Every how many seeds a line says how far the run has come. */
const PROGRESS_EVERY = 10_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function run(range: SeedRange, isWhole: boolean): Promise<boolean> {
  const startedAtMs = performance.now();
  let told = 0;
  const { seeds, holders, failed } = await runRange(range, (done) => {
    if (done - told < PROGRESS_EVERY || done > range.last - range.first) return;
    told = done;
    say(`${done} seeds hold`);
  });
  if (failed !== undefined) {
    say(await storyOf(failed, isWhole));
    return false;
  }
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  say(`${seeds} seeds hold (${range.first}-${range.last}): ${holders} attachments got an address, in ${seconds} s`);
  return true;
}

const [text = DEFAULT_SEEDS, story] = process.argv.slice(2);
const range = parseSeedRange(text);
if (range === undefined) {
  say(`"${text}" is neither a seed such as 12345 nor a range of seeds such as 1-100000`);
  process.exitCode = 2;
} else if (!(await run(range, story === "whole"))) process.exitCode = 1;
