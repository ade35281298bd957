import type { Dice } from "./chance.ts";

/** What a run may be about beside plain ADDs and DELs. */
export type Feature = "on-request" | "storm" | "trouble";

/** The features of one run; most runs have none or one, so that each has its share of them. */
export type Features = ReadonlySet<Feature>;

/** How often a run is about what, in parts of the whole. */
const SHARES: readonly (readonly [number, readonly Feature[]])[] = [
  [3, []],
  [2, ["trouble"]],
  [2, ["storm"]],
  [1, ["on-request"]],
  [1, ["on-request", "trouble"]],
];

/** What the run of these dice is about. */
export function drawFeatures(dice: Dice): Features {
  return new Set(dice.pick(SHARES.flatMap(([share, features]) => Array.from({ length: share }, () => features))));
}
