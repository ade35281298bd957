import type { ChoiceFigure } from "./candidate-choice.ts";
import type { LevelSamples } from "./pool-levels.ts";
import type { Target } from "./report.ts";
import { median } from "./statistics.ts";

/** What was measured of the agent's own work, and of pools that are empty or nearly full. */
export interface CoreMeasured {
  readonly choices: readonly ChoiceFigure[];
  readonly parsingMs: number;
  readonly bytesPerLease: number;
  readonly levels: LevelSamples;
}

const BYTES_PER_KB = 1_024;
const LEVEL_LIMIT = 3;

/** The limits that these are held against. */
export function coreTargets({ choices, parsingMs, bytesPerLease, levels }: CoreMeasured): readonly Target[] {
  const [empty, full, cold, list] = [levels.empty, levels.full, levels.cold, levels.list].map(median) as [
    number,
    number,
    number,
    number,
  ];
  return [
    ...choices.map(({ title, us }) => ({ what: `an address chosen in ${title}`, measured: us, limit: 20, unit: "µs" })),
    { what: "1 KB of configuration parsed", measured: parsingMs, limit: 0.2, unit: "ms" },
    { what: "memory of an agent for a lease it knows", measured: bytesPerLease / BYTES_PER_KB, limit: 1, unit: "KB" },
    { what: "ADD into a pool 99 % full / an empty one", measured: full / empty, limit: LEVEL_LIMIT },
    {
      what: "the same, nothing known of it / (3 × empty + a list)",
      measured: cold / (LEVEL_LIMIT * empty + list),
      limit: 1,
    },
  ];
}
