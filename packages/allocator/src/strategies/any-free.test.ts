import { type Address, formatAddress, parseAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { OccupancyHints } from "../occupancy-hints.ts";
import { attachedLease, FakeClock, MemoryLeaseStore, seededRandom } from "../testing/index.ts";
import { rangeSetOf } from "../testing/range-set-of.ts";
import { anyFree } from "./any-free.ts";
import type { Candidates } from "./candidates.ts";

test("each free address is offered once, then the pool is full", async () => {
  const { store, candidates } = setUp();
  await store.create(attachedLease("10.0.0.3", { pool: "lab" }));
  const offered = candidates();
  const addresses = [await next(offered), await next(offered), await next(offered)];
  expect(addresses.toSorted()).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.4"]);
  await expect(next(offered)).rejects.toMatchObject({
    code: "pool-exhausted",
    message: "pool lab is full: 4 used of a capacity of 4 (10.0.0.1-10.0.0.4 of 10.0.0.0/29)",
  });
});

test("one list, begun within the call, is enough to say that the pool is full", async () => {
  const { store, candidates } = setUp();
  await fill(store);
  await expect(next(candidates())).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(store.faults.calls.filter(({ operation }) => operation === "listNames")).toHaveLength(1);
});

test("a hint from before the call never says that the pool is full", async () => {
  const { clock, store, hints, set, candidates } = setUp();
  await fill(store);
  await hints.listedSince(set, 0, new AbortController().signal);
  await clock.advance(10);
  const freed = store.snapshot().find(({ spec }) => spec.address === "10.0.0.4");
  const { name = "", uid = "", resourceVersion = "" } = freed?.metadata ?? {};
  await store.delete({ name, uid, resourceVersion });
  expect(await next(candidates())).toBe("10.0.0.4");
});

test("a hint steers without a list of the call's own", async () => {
  const { clock, store, hints, set, candidates } = setUp();
  for (const last of [1, 2, 3]) await store.create(attachedLease(`10.0.0.${last}`, { pool: "lab" }));
  await hints.listedSince(set, 0, new AbortController().signal);
  await clock.advance(10);
  store.faults.calls.length = 0;
  expect(await next(candidates())).toBe("10.0.0.4");
  expect(store.faults.calls).toEqual([]);
});

test("what others learn meanwhile is not offered", async () => {
  const { hints, set, candidates } = setUp();
  const offered = candidates();
  const first = await next(offered);
  for (const text of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) hints.learnTaken(set, address(text));
  if (first === "10.0.0.4") await expect(next(offered)).rejects.toMatchObject({ code: "pool-exhausted" });
  else expect(await next(offered)).toBe("10.0.0.4");
});

test("a set without addresses is full, and says why", async () => {
  const { candidates } = setUp(rangeSetOf("10.0.0.0/30", { exclude: ["10.0.0.0/30"] }));
  await expect(next(candidates())).rejects.toThrow(
    "pool lab is full: 0 used of a capacity of 0 (10.0.0.0-10.0.0.3 of 10.0.0.0/30: all of it gateways, excluded",
  );
});

test("a call that ends while it lists ends with it", async () => {
  const { store, controller, candidates } = setUp();
  store.faults.failReads("listNames", { kind: "unanswered" });
  const offered = next(candidates());
  controller.abort(new Error("deadline"));
  await expect(offered).rejects.toMatchObject({ code: "apiserver-unreachable" });
});

test("an address of an IPv6 /64 is found without counting", async () => {
  const { candidates } = setUp(rangeSetOf("2001:db8::/64"));
  expect(await next(candidates())).toMatch(/^2001:db8::[0-9a-f:]{8,}$/);
});

/** A pool of four addresses, 10.0.0.1 to 10.0.0.4, but for what a test says. */
function setUp(set = rangeSetOf("10.0.0.0/29", { start: "10.0.0.1", end: "10.0.0.4" })) {
  const clock = new FakeClock();
  const store = new MemoryLeaseStore();
  const poolsOverlapping = () => Promise.resolve(["lab"]);
  const hints = new OccupancyHints({ leases: store, poolsOverlapping, clock });
  const controller = new AbortController();
  const candidates = (): Candidates =>
    anyFree({
      set,
      seed: "",
      hints,
      random: seededRandom(1),
      startedAtMs: clock.nowMs(),
      signal: controller.signal,
    });
  return { clock, store, set, hints, controller, candidates };
}

async function fill(store: MemoryLeaseStore): Promise<void> {
  for (const last of [1, 2, 3, 4]) await store.create(attachedLease(`10.0.0.${last}`, { pool: "lab" }));
}

async function next(candidates: Candidates): Promise<string> {
  const { value } = await candidates.next();
  return formatAddress(value);
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is not an address`);
  return parsed;
}
