import type { Dice } from "./chance.ts";

/** What a run may be about beside plain ADDs and DELs. */
type Feature =
  | "blocks"
  | "kept"
  | "lost-nodes"
  | "on-request"
  | "pod-cidrs"
  | "reserved"
  | "selectors"
  | "storm"
  | "trouble";

/** The features of one run; most runs have none or one, so that each has its share of them. */
export type Features = ReadonlySet<Feature>;

/** How often a run is about what, in parts of the whole. */
const SHARES: readonly (readonly [number, readonly Feature[]])[] = [
  [3, []],
  [2, ["trouble"]],
  [2, ["storm"]],
  [1, ["on-request"]],
  [1, ["on-request", "reserved", "trouble"]],
  [1, ["reserved"]],
  [1, ["reserved", "storm"]],
  [2, ["kept"]],
  [2, ["blocks"]],
  [2, ["selectors"]],
  [1, ["selectors", "trouble"]],
  [1, ["selectors", "kept"]],
  [1, ["pod-cidrs"]],
  [1, ["pod-cidrs", "selectors", "storm"]],
  [1, ["blocks", "storm"]],
  [1, ["blocks", "trouble"]],
  [1, ["blocks", "kept", "on-request"]],
  [1, ["kept", "trouble"]],
  [1, ["kept", "reserved", "storm"]],
];

/** Whatever a run is about, nodes may be lost in it. */
const LOST_NODES_SHARE = 0.2;

/** What the run of these dice is about. */
export function drawFeatures(dice: Dice): Features {
  const drawn = dice.pick(SHARES.flatMap(([share, features]) => Array.from({ length: share }, () => features)));
  return new Set(dice.happens(LOST_NODES_SHARE) ? [...drawn, "lost-nodes"] : drawn);
}
