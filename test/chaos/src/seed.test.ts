import { expect, test } from "vitest";
import { readSeed } from "./seed.ts";

test("a seed is a whole number of 32 bits", () => {
  expect(readSeed("0")).toBe(0);
  expect(readSeed("4294967295")).toBe(4_294_967_295);
});

test.for(["-1", "1.5", "4294967296", "x", "1 2"])('"%s" is none', (text) => {
  expect(readSeed(text)).toBeUndefined();
});

test.for([undefined, ""])("without one a random one is taken", (text) => {
  const seeds = new Set(Array.from({ length: 10 }, () => readSeed(text)));
  expect(seeds.size).toBeGreaterThan(1);
});
