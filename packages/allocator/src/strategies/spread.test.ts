import { formatAddress, parseAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { OccupancyHints } from "../occupancy-hints.ts";
import { FakeClock, MemoryLeaseStore, seededRandom } from "../testing/index.ts";
import { rangeSetOf } from "../testing/range-set-of.ts";
import { spread } from "./spread.ts";

test("the first four candidates come from the seeded walk and cost no list", async () => {
  const { store, take } = setUp();
  const candidates = await take("shop/web-0/net1", 4);
  expect(new Set(candidates).size).toBe(4);
  expect(await take("shop/web-0/net1", 4)).toEqual(candidates);
  expect(store.faults.calls).toEqual([]);
});

test("the fifth candidate costs one list", async () => {
  const { store, take } = setUp();
  await take("shop/web-0/net1", 5);
  expect(store.faults.calls.map(({ operation }) => operation)).toEqual(["listNames"]);
});

test("two pods begin at two addresses", async () => {
  const { take } = setUp();
  const firsts = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => (await take(`shop/web-${index}/net1`, 1))[0]),
  );
  // 20 pods on 254 addresses share one now and then.
  expect(new Set(firsts).size).toBeGreaterThan(16);
});

test("steps of the walk that a hint knows to be taken are left out", async () => {
  const { hints, set, take } = setUp();
  const [first, second] = await take("shop/web-0/net1", 2);
  await hints.listedSince(set, 0, new AbortController().signal);
  const address = parseAddress(first ?? "");
  if (address !== undefined) hints.learnTaken(set, address);
  expect((await take("shop/web-0/net1", 1))[0]).toBe(second);
});

test("a pool that is smaller than the walk is offered whole, then found full", async () => {
  const { take } = setUp("10.0.0.0/31");
  await expect(take("shop/web-0/net1", 5)).rejects.toMatchObject({ code: "pool-exhausted" });
});

test("a pool without addresses is full", async () => {
  const { take } = setUp("10.0.0.0/31", ["10.0.0.0/31"]);
  await expect(take("shop/web-0/net1", 1)).rejects.toMatchObject({ code: "pool-exhausted" });
});

function setUp(subnet = "10.0.0.0/24", exclude: readonly string[] = []) {
  const clock = new FakeClock();
  const store = new MemoryLeaseStore();
  const set = rangeSetOf(subnet, { exclude });
  const hints = new OccupancyHints({ leases: store, poolsOverlapping: () => Promise.resolve(["lab"]), clock });
  /** The first candidates, each of them found taken. */
  const take = async (seed: string, count: number): Promise<string[]> => {
    const { signal } = new AbortController();
    const candidates = spread({ set, seed, hints, random: seededRandom(1), startedAtMs: clock.nowMs(), signal });
    const taken: string[] = [];
    for (let round = 0; round < count; round += 1) taken.push(formatAddress((await candidates.next()).value));
    return taken;
  };
  return { store, hints, set, take };
}
