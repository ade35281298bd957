import { type Address, parseAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { OccupancyHints } from "./occupancy-hints.ts";
import type { RangeSet } from "./range-set.ts";
import { attachedLease, FakeClock, MemoryLeaseStore } from "./testing/index.ts";
import { rangeSetOf } from "./testing/range-set-of.ts";

const NEVER = new AbortController().signal;

test("without a list there is no hint", () => {
  const { hints, set } = setUp();
  expect(hints.peek(set)).toBeUndefined();
});

test("a list counts the leases of every overlapping pool that lie in the set and its space", async () => {
  const { hints, set, store } = setUp({ pools: ["lab", "wide"] });
  await store.create(attachedLease("10.0.0.5", { pool: "lab" }));
  await store.create(attachedLease("10.0.0.6", { pool: "wide" }));
  await store.create(attachedLease("10.1.0.7", { pool: "wide" }));
  await store.create(attachedLease("10.0.0.8", { pool: "wide", addressSpace: "blue" }));
  await store.create(attachedLease("10.0.0.9", { pool: "elsewhere" }));
  await store.create(attachedLease("fd00::5", { pool: "wide" }));
  const occupancy = await hints.listedSince(set, 0, NEVER);
  expect(takenOf(set, occupancy)).toEqual(["10.0.0.5", "10.0.0.6"]);
});

test("a list of all leases counts those of pools that nobody names, and serves as a hint and as any other list", async () => {
  const { clock, hints, set, store } = setUp();
  await store.create(attachedLease("10.0.0.5", { pool: "lab" }));
  await store.create(attachedLease("10.0.0.6", { pool: "gone" }));
  expect(takenOf(set, await hints.listedSince(set, 0, NEVER))).toEqual(["10.0.0.5"]);
  const all = await hints.listedSince(set, 0, NEVER, "all");
  hints.learnTaken(set, address("10.0.0.7"));
  expect(takenOf(set, all)).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.7"]);
  expect([hints.peek(set), await hints.listedSince(set, 0, NEVER)]).toEqual([all, all]);
  expect(store.faults.calls.slice(-2).map(({ name }) => name)).toEqual(["lab", "*"]);
  await clock.advance(5_001);
  expect(hints.peek(set)).toBeUndefined();
});

test("a set in a space of its own counts the leases of that space", async () => {
  const { hints, set, store } = setUp({ addressSpace: "blue" });
  await store.create(attachedLease("10.0.0.5", { pool: "lab", addressSpace: "blue" }));
  await store.create(attachedLease("10.0.0.6", { pool: "lab" }));
  expect(takenOf(set, await hints.listedSince(set, 0, NEVER))).toEqual(["10.0.0.5"]);
});

test("a list is a hint for five seconds from its beginning", async () => {
  const { clock, hints, set } = setUp();
  const occupancy = await hints.listedSince(set, 0, NEVER);
  await clock.advance(5_000);
  expect(hints.peek(set)).toBe(occupancy);
  await clock.advance(1);
  expect(hints.peek(set)).toBeUndefined();
});

test("a list serves a call that began no later than it, and no other", async () => {
  const { clock, hints, set, store } = setUp();
  await clock.advance(10);
  const first = await hints.listedSince(set, 0, NEVER);
  expect(await hints.listedSince(set, 10, NEVER)).toBe(first);
  await clock.advance(1);
  expect(await hints.listedSince(set, 11, NEVER)).not.toBe(first);
  expect(store.faults.calls).toHaveLength(2);
});

test("a hint that runs out while a list is under way begins no second one beside it", async () => {
  const { clock, hints, set, store } = setUp();
  await hints.listedSince(set, 0, NEVER);
  await clock.advance(4_000);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  store.faults.failReads("listNames", { kind: "held", until: promise });
  const slow = hints.listedSince(set, 4_000, NEVER);
  await clock.advance(2_000);
  expect(hints.peek(set)).toBeUndefined();
  const joined = hints.listedSince(set, 4_000, NEVER);
  await clock.advance(0);
  expect(store.faults.calls).toHaveLength(2);
  resolve(undefined);
  expect(await joined).toBe(await slow);
});

test("what a conflict taught stands in the hint", async () => {
  const { hints, set } = setUp();
  await hints.listedSince(set, 0, NEVER);
  hints.learnTaken(set, address("10.0.0.7"));
  const hint = hints.peek(set);
  expect(hint && takenOf(set, hint)).toEqual(["10.0.0.7"]);
});

test("what a conflict taught is of no use without a list, or outside the set", async () => {
  const { hints, set } = setUp();
  hints.learnTaken(set, address("10.0.0.7"));
  expect(hints.peek(set)).toBeUndefined();
  const occupancy = await hints.listedSince(set, 0, NEVER);
  hints.learnTaken(set, address("10.1.0.7"));
  expect(occupancy.used).toBe(0n);
});

test("the range sets of an edited pool begin without hints", async () => {
  const { hints, set } = setUp();
  await hints.listedSince(set, 0, NEVER);
  expect(hints.peek({ ...set })).toBeUndefined();
});

test("a call that is cancelled while it waits for the list ends with its own reason", async () => {
  const { hints, set, store } = setUp();
  store.faults.failReads("listNames", { kind: "held", until: new Promise(() => undefined) });
  const ended = new AbortController();
  const first = hints.listedSince(set, 0, ended.signal);
  const second = new AbortController();
  const joined = hints.listedSince(set, 0, second.signal);
  second.abort(new Error("cancelled"));
  await expect(joined).rejects.toThrow("cancelled");
  ended.abort(new Error("deadline"));
  await expect(first).rejects.toMatchObject({ code: "apiserver-unreachable" });
});

function setUp({ pools = ["lab"], addressSpace = "" }: { pools?: readonly string[]; addressSpace?: string } = {}) {
  const clock = new FakeClock();
  const store = new MemoryLeaseStore();
  const poolsOverlapping = (): Promise<readonly string[]> => Promise.resolve(pools);
  const set: RangeSet = { ...rangeSetOf("10.0.0.0/24"), addressSpace };
  return { clock, store, set, hints: new OccupancyHints({ leases: store, poolsOverlapping, clock }) };
}

function takenOf(set: RangeSet, occupancy: { readonly has: (offset: bigint) => boolean }): string[] {
  const texts = Array.from({ length: 256 }, (_, last) => `10.0.0.${last}`);
  return texts.filter((text) => occupancy.has(set.addresses.offsetOf(address(text)) ?? -1n));
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is not an address`);
  return parsed;
}
