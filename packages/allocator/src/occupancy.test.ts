import fc from "fast-check";
import { expect, test } from "vitest";
import { Occupancy } from "./occupancy.ts";

const SIZE = 24n;

const offset = fc.bigInt({ min: 0n, max: SIZE - 1n });
const offsets = fc.array(offset, { maxLength: 30 });

test("an occupancy knows what a naive model knows, whatever is added", () => {
  fc.assert(
    fc.property(offsets, offsets, (listed, added) => {
      const occupancy = new Occupancy(SIZE, listed);
      for (const taken of added) occupancy.add(taken);
      const model = new Set([...listed, ...added]);
      expect(occupancy.used).toBe(BigInt(model.size));
      expect(occupancy.free).toBe(SIZE - BigInt(model.size));
      const all = Array.from({ length: Number(SIZE) }, (_, index) => BigInt(index));
      expect(all.filter((at) => occupancy.has(at))).toEqual(all.filter((at) => model.has(at)));
      const free = all.filter((at) => !model.has(at));
      expect(free.map((_, rank) => occupancy.freeAt(BigInt(rank)))).toEqual(free);
    }),
    { numRuns: 500 },
  );
});

test("the free offsets of a set beyond 2^64 are found among the taken ones", () => {
  const size = 2n ** 96n;
  const occupancy = new Occupancy(size, [size - 1n, 0n, 2n ** 80n, 0n]);
  expect(occupancy.free).toBe(size - 3n);
  expect(occupancy.freeAt(0n)).toBe(1n);
  expect(occupancy.freeAt(2n ** 80n - 2n)).toBe(2n ** 80n - 1n);
  expect(occupancy.freeAt(2n ** 80n - 1n)).toBe(2n ** 80n + 1n);
  expect(occupancy.freeAt(occupancy.free - 1n)).toBe(size - 2n);
});

test("a set without addresses has none free", () => {
  expect(new Occupancy(0n, [])).toMatchObject({ used: 0n, free: 0n });
});
