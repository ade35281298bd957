import fc from "fast-check";
import { expect, test } from "vitest";
import { SpreadWalk } from "./spread-walk.ts";

const seed = fc.string();

test("a walk visits each offset exactly once, then ends", () => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 1, max: 5_000 }), (name, size) => {
      const walk = new SpreadWalk(name, BigInt(size));
      const visited = new Set(Array.from({ length: size }, () => walk.next()));
      expect(visited.size).toBe(size);
      expect([...visited].every((offset) => offset !== undefined && offset >= 0n && offset < size)).toBe(true);
      expect(walk.next()).toBeUndefined();
      expect(walk.next()).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test.for([
  ["a power of two", 2n ** 64n],
  ["a /8 of IPv4 without its first and last", 2n ** 24n - 2n],
  ["an IPv6 /32", 2n ** 96n],
  ["all of IPv6", 2n ** 128n],
  [
    "a product of many primes, which leaves few steps",
    2n * 3n * 5n * 7n * 11n * 13n * 17n * 19n * 23n * 29n * 31n * 37n,
  ],
] as const)("the first thousand offsets differ in %s", ([, size]) => {
  fc.assert(
    fc.property(seed, (name) => {
      const walk = new SpreadWalk(name, size);
      const visited = new Set(Array.from({ length: 1_000 }, () => walk.next()));
      expect(visited.size).toBe(1_000);
      expect([...visited].every((offset) => offset !== undefined && offset >= 0n && offset < size)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test("the seed alone decides the order", () => {
  fc.assert(
    fc.property(seed, fc.bigInt({ min: 1n, max: 2n ** 96n }), (name, size) => {
      expect(take(new SpreadWalk(name, size), 8)).toEqual(take(new SpreadWalk(name, size), 8));
    }),
  );
});

test("pods of one StatefulSet neither begin together nor walk together", () => {
  const size = 2n ** 16n - 3n;
  const walks = Array.from({ length: 200 }, (_, index) => take(new SpreadWalk(`default/web-${index}/net1`, size), 2));
  const starts = new Set(walks.map(([start]) => start));
  const steps = new Set(walks.map(([start = 0n, second = 0n]) => (second - start + size) % size));
  expect(starts.size).toBeGreaterThan(195);
  expect(steps.size).toBeGreaterThan(195);
});

test.for([4n, 2n ** 32n - 2n, 2n ** 128n])("starts and steps are spread over a set of %s", (size) => {
  for (const visit of [0, 1]) {
    const quarters = [0, 0, 0, 0];
    for (let index = 0; index < 4_000; index += 1) {
      const [start = 0n, second = 0n] = take(new SpreadWalk(`pod-${index}`, size), 2);
      const place = visit === 0 ? start : (second - start + size) % size;
      const quarter = Number((place * 4n) / size);
      quarters[quarter] = (quarters[quarter] ?? 0) + 1;
    }
    // Steps of a set of four are 1 and 3, and nothing else.
    const expected = visit === 1 && size === 4n ? [0, 2_000, 0, 2_000] : [1_000, 1_000, 1_000, 1_000];
    for (const [quarter, count] of quarters.entries())
      expect(Math.abs(count - (expected[quarter] ?? 0))).toBeLessThan(200);
  }
});

function take(walk: SpreadWalk, count: number): (bigint | undefined)[] {
  return Array.from({ length: count }, () => walk.next());
}
