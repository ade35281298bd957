import { makePlan } from "./plan-generator.ts";
import { runPlan } from "./world.ts";

/** Every how many seeds a run reports how far it has come. */
const REPORT_EVERY = 100;

/** Seeds that one worker goes through: from `first` to `last` by `step`. */
export interface SeedShare {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** What a worker tells: seeds that it ran since it told the last time, or one that breaks a rule. */
export type SeedReport =
  | { readonly kind: "passed"; readonly seeds: number; readonly holders: number }
  | { readonly kind: "failed"; readonly seed: number };

/** Runs the seeds of a share one after the other, until one breaks a rule. */
export async function runShare({ first, last, step }: SeedShare, report: (report: SeedReport) => void): Promise<void> {
  let seeds = 0;
  let holders = 0;
  for (let seed = first; seed <= last; seed += step) {
    const outcome = await runPlan(makePlan(seed));
    if (outcome.violation !== undefined) return report({ kind: "failed", seed });
    seeds += 1;
    holders += outcome.holders;
    if (seeds < REPORT_EVERY) continue;
    report({ kind: "passed", seeds, holders });
    seeds = 0;
    holders = 0;
  }
  report({ kind: "passed", seeds, holders });
}
