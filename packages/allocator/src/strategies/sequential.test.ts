import { formatAddress } from "@cluster-ipam/ip";
import { describe, expect, test } from "vitest";
import type { Random } from "../clock.ts";
import { OccupancyHints } from "../occupancy-hints.ts";
import { attachedLease, FakeClock, MemoryLeaseStore, seededRandom } from "../testing/index.ts";
import { rangeSetOf } from "../testing/range-set-of.ts";
import { sequential } from "./sequential.ts";

/** The largest number that chance gives. */
const HIGHEST: Random = () => 1 - 2 ** -53;

describe.each([
  ["IPv4", "10.0.0.0/27", "10.0.0.", 10],
  ["IPv6", "fd00::/64", "fd00::", 16],
] as const)("%s", (_family, subnet, prefix, base) => {
  test("the first candidate is the lowest free address", async () => {
    expect(await candidates({ subnet, random: seededRandom(1), count: 1 })).toEqual([`${prefix}1`]);
    const taken = [1, 2, 4].map((last) => prefix + last.toString(base));
    expect(await candidates({ subnet, taken, random: HIGHEST, count: 1 })).toEqual([`${prefix}3`]);
  });

  test("after k lost races it is one of the first 2^k free", async () => {
    // The highest of 1, of 2, of 4 and of 8 free ones, each among those that are left then.
    const expected = [1, 3, 6, 11].map((last) => prefix + last.toString(base));
    expect(await candidates({ subnet, random: HIGHEST, count: 4 })).toEqual(expected);
  });
});

test("many who ask at one time soon draw apart", async () => {
  const thirds = await Promise.all(
    Array.from({ length: 64 }, async (_, seed) => {
      const drawn = await candidates({ subnet: "10.0.0.0/16", random: seededRandom(seed), count: 7 });
      return drawn.at(-1);
    }),
  );
  expect(new Set(thirds).size).toBeGreaterThan(30);
});

test("every free address is offered once, then the pool is full", async () => {
  const offered = await candidates({ subnet: "10.0.0.0/29", random: seededRandom(3), count: 6 });
  expect(offered.toSorted()).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`));
  const all = candidates({ subnet: "10.0.0.0/29", random: seededRandom(3), count: 7 });
  await expect(all).rejects.toMatchObject({ code: "pool-exhausted" });
});

test("a hint saves the list, and what it learns is left out", async () => {
  const { hints, set, store, ask } = setUp("10.0.0.0/27");
  await hints.listedSince(set, 0, new AbortController().signal);
  store.faults.calls.length = 0;
  hints.learnTaken(set, { family: 4, value: 0x0a000001n });
  const { value } = await ask(seededRandom(1)).next();
  expect(formatAddress(value)).toBe("10.0.0.2");
  expect(store.faults.calls).toEqual([]);
});

test("a hint that others have outrun is exchanged for a list after a few lost races", async () => {
  const { clock, hints, set, store, ask } = setUp("10.0.0.0/24");
  await hints.listedSince(set, 0, new AbortController().signal);
  for (let last = 1; last <= 62; last += 1) await store.create(attachedLease(`10.0.0.${last}`, { pool: "lab" }));
  await clock.advance(10);
  const asked = ask(HIGHEST);
  const offered: string[] = [];
  for (let round = 0; round < 5; round += 1) offered.push(formatAddress((await asked.next()).value));
  expect(offered).toEqual([1, 3, 6, 11, 63].map((last) => `10.0.0.${last}`));
});

function setUp(subnet: string) {
  const clock = new FakeClock();
  const store = new MemoryLeaseStore();
  const set = rangeSetOf(subnet);
  const hints = new OccupancyHints({ leases: store, poolsOverlapping: () => Promise.resolve(["lab"]), clock });
  const { signal } = new AbortController();
  const ask = (random: Random): ReturnType<typeof sequential> =>
    sequential({ set, seed: "shop/web-0/net1", hints, random, startedAtMs: clock.nowMs(), signal });
  return { clock, hints, set, store, ask };
}

interface Asked {
  readonly subnet: string;
  readonly taken?: readonly string[];
  readonly random: Random;
  readonly count: number;
}

/** The first candidates, each of them found taken. */
async function candidates({ subnet, taken = [], random, count }: Asked): Promise<string[]> {
  const { store, ask } = setUp(subnet);
  for (const address of taken) await store.create(attachedLease(address, { pool: "lab" }));
  const asked = ask(random);
  const offered: string[] = [];
  for (let round = 0; round < count; round += 1) offered.push(formatAddress((await asked.next()).value));
  return offered;
}
