import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { randomBelow } from "./listed-free.ts";

test("a random number lies below its limit, whatever the limit", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 128n }), fc.integer(), (limit, seed) => {
      const number = randomBelow(limit, seededRandom(seed));
      expect(number >= 0n && number < limit).toBe(true);
    }),
  );
});

test.for([3n, 2n ** 64n - 1n, 2n ** 100n])("random numbers below %s are evenly spread", (limit) => {
  const random = seededRandom(7);
  const thirds = [0, 0, 0];
  for (let round = 0; round < 3_000; round += 1) {
    const third = Number((randomBelow(limit, random) * 3n) / limit);
    thirds[third] = (thirds[third] ?? 0) + 1;
  }
  for (const count of thirds) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("the largest number that chance gives stays below the limit", () => {
  expect(randomBelow(5n, () => 1 - 2 ** -53)).toBeLessThan(5n);
  expect(randomBelow(1n, () => 1 - 2 ** -53)).toBe(0n);
});
