import type { ElectionState } from "@cluster-ipam/kube";
import { describe, expect, test } from "vitest";
import { findElectionTrouble, findUnreadiness } from "./election-probes.ts";

const STARTING: ElectionState = { kind: "starting" };
const STANDBY: ElectionState = { kind: "standby", holder: "other" };
const LEADING: ElectionState = { kind: "leading" };

describe("a replica is healthy", () => {
  test.each<readonly [string, ElectionState, number]>([
    ["while it starts", STARTING, 20_000],
    ["as a standby", STANDBY, 2_000],
    ["as the leader", LEADING, 30_000],
    ["while it steps down, though it does not try then", { kind: "stepping-down", forMs: 30_000 }, 45_000],
  ])("%s", (_, state, triedAgoMs) => {
    expect(findElectionTrouble({ state, triedAgoMs })).toEqual([]);
  });
});

describe("a replica is not healthy", () => {
  test.each<readonly [string, ElectionState, number, string]>([
    ["as a standby that does not try", STANDBY, 30_500, "nothing was done to get or to keep the lead for 30 s"],
    ["as a leader that does not try", LEADING, 99_000, "nothing was done to get or to keep the lead for 99 s"],
    [
      "when its work goes on though it leads no more",
      { kind: "stepping-down", forMs: 31_000 },
      0,
      "this replica leads no more, but what it did as the leader has not ended for 31 s",
    ],
  ])("%s", (_, state, triedAgoMs, problem) => {
    expect(findElectionTrouble({ state, triedAgoMs })).toEqual([problem]);
  });
});

test("a standby is ready, one that has seen no Lease or is about to end is not", () => {
  expect(findUnreadiness({ state: STANDBY }, false)).toEqual([]);
  expect(findUnreadiness({ state: LEADING }, false)).toEqual([]);
  expect(findUnreadiness({ state: { kind: "stepping-down", forMs: 1 } }, false)).toEqual([]);
  expect(findUnreadiness({ state: STARTING }, true)).toEqual([
    "the controller is shutting down",
    "the Lease of the election has not been read yet",
  ]);
});
