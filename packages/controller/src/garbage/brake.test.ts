import { expect, test } from "vitest";
import { isTooMany } from "./brake.ts";

test.for([
  [100, 100, false],
  [101, 101, true],
  [30, 101, false],
  [31, 101, true],
  [300, 1_000, false],
  [301, 1_000, true],
  [0, 1_000_000, false],
] as const)("%i of %i leases at once are too many: %s", ([going, all, expected]) => {
  expect(isTooMany({ going, all }, 30)).toBe(expected);
});
