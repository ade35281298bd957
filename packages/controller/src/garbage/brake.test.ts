import { expect, test } from "vitest";
import { describeHeld, isTooMany } from "./brake.ts";

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

test("each pool whose leases are held up says what, why, and what lets them go", () => {
  const goingOfPool = new Map([
    ["lab", 30],
    ["lan", 1],
  ]);
  const told = describeHeld({ going: 31, all: 101, nodes: ["n2", "n1"], goingOfPool }, 30);
  expect([...told.keys()]).toEqual(["lab", "lan"]);
  expect(told.get("lab")).toBe(
    "30 of its leases are not given back, though their nodes are taken for lost (n1, n2): 31 of all 101 leases would go " +
      "at once, and more than 30 % may not. If these nodes are lost indeed, start the controllers with " +
      "--garbage-max-percent=31 or more until it is done; if not, find out why they are NotReady and tainted, or have no " +
      "Node object",
  );
});

test.for([
  [31, 101],
  [301, 1_000],
  [999, 1_000],
] as const)("the percentage that is told lets %i of %i go, and one less does not", ([going, all]) => {
  const [message = ""] = describeHeld(
    { going, all, nodes: ["n1"], goingOfPool: new Map([["lab", going]]) },
    30,
  ).values();
  const needed = Number(/percent=(\d+)/.exec(message)?.[1]);
  expect([isTooMany({ going, all }, needed), isTooMany({ going, all }, needed - 1)]).toEqual([false, true]);
});

test("of many nodes only the first are named", () => {
  const nodes = Array.from({ length: 8 }, (_, index) => `n${index}`);
  const [message] = describeHeld({ going: 101, all: 101, nodes, goingOfPool: new Map([["lab", 101]]) }, 30).values();
  expect(message).toContain("(n0, n1, n2, n3, n4 and 3 more)");
});
