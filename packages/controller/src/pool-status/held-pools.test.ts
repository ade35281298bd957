import { expect, test } from "vitest";
import { type HeldLook, HeldPools } from "./held-pools.ts";

const POOLS = ["lab", "lan", "wan"];

test("before a look nothing is known, and after one all but of the pools that it cannot tell of", () => {
  const held = new HeldPools();
  expect(held.of("lab")).toEqual({ kind: "unknown" });
  held.set(lookOf({ lab: "31 of its leases" }, ["lan"]), POOLS);
  expect(POOLS.map((pool) => held.of(pool))).toEqual([
    { kind: "held", message: "31 of its leases" },
    { kind: "unknown" },
    { kind: "nothing" },
  ]);
});

test("what is held up is known, whatever else is not", () => {
  const held = new HeldPools();
  held.set(lookOf({ lab: "31 of its leases" }, ["lab"]), POOLS);
  expect(held.of("lab")).toEqual({ kind: "held", message: "31 of its leases" });
});

test("those of which something else is known are told", () => {
  const held = new HeldPools();
  expect(held.set(lookOf({ lab: "31 of its leases" }, ["lan"]), POOLS)).toEqual(["lab", "wan"]);
  expect(held.set(lookOf({ lab: "31 of its leases" }, ["lan"]), POOLS)).toEqual([]);
  expect(held.set(lookOf({ lab: "32 of its leases", lan: "1 of its leases" }, []), POOLS)).toEqual(["lab", "lan"]);
  expect(held.set(lookOf({}, ["wan"]), POOLS)).toEqual(["lab", "lan", "wan"]);
});

function lookOf(messages: Readonly<Record<string, string>>, undecided: readonly string[]): HeldLook {
  return { messages: new Map(Object.entries(messages)), undecided: new Set(undecided) };
}
