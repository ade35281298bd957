import type { NodeState } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { NODE_ABSENT_MS, NodeAbsence } from "./node-absence.ts";

const READY: NodeState = { isReady: true, isOutOfService: false };

test.for<readonly [string, Partial<NodeState>, string]>([
  ["Ready", {}, "answers"],
  ["NotReady alone", { isReady: false }, "answers"],
  ["tainted out of service, and Ready all the same", { isOutOfService: true }, "answers"],
  ["NotReady and tainted out of service", { isReady: false, isOutOfService: true }, "lost"],
])("a node that is %s: %o", ([, some, expected]) => {
  expect(new NodeAbsence().look("n1", { ...READY, ...some }, 0).kind).toBe(expected);
});

test("a node that is absent is lost five minutes after that was first seen, and not before", () => {
  const nodes = new NodeAbsence();
  expect(nodes.look("n1", undefined, 1_000)).toEqual({ kind: "absent", sinceMs: 1_000 });
  expect(nodes.look("n1", undefined, 1_000 + NODE_ABSENT_MS - 1).kind).toBe("absent");
  expect(nodes.look("n1", undefined, 1_000 + NODE_ABSENT_MS).kind).toBe("lost");
});

test("a node that comes back is counted anew when it goes again", () => {
  const nodes = new NodeAbsence();
  nodes.look("n1", undefined, 0);
  expect(nodes.look("n1", READY, NODE_ABSENT_MS).kind).toBe("answers");
  expect(nodes.look("n1", undefined, NODE_ABSENT_MS + 1).kind).toBe("absent");
});

test("a node that was seen between two looks is counted anew, and another one is not", () => {
  const nodes = new NodeAbsence();
  for (const name of ["n1", "n2"]) nodes.look(name, undefined, 0);
  nodes.seen("n1");
  expect(nodes.look("n1", undefined, NODE_ABSENT_MS)).toEqual({ kind: "absent", sinceMs: NODE_ABSENT_MS });
  expect(nodes.look("n2", undefined, NODE_ABSENT_MS).kind).toBe("lost");
});

test.for([
  [300_000, "5 minutes"],
  [60_000, "1 minute"],
  [90_000, "90 seconds"],
  [1_000, "1 second"],
] as const)("an operator may have nodes lost after %i ms, which is told as %s", ([graceMs, words]) => {
  const nodes = new NodeAbsence(graceMs);
  nodes.look("n1", undefined, 0);
  expect(nodes.look("n1", undefined, graceMs - 1).kind).toBe("absent");
  const reason = `node n1 does not exist, for ${words} at least`;
  expect(nodes.look("n1", undefined, graceMs)).toMatchObject({ kind: "lost", reason });
});

test("each node is counted for itself, and one without leases is forgotten", () => {
  const nodes = new NodeAbsence();
  nodes.look("n1", undefined, 0);
  nodes.look("n2", undefined, 0);
  nodes.retain(new Set(["n1"]));
  expect(nodes.look("n1", undefined, NODE_ABSENT_MS).kind).toBe("lost");
  expect(nodes.look("n2", undefined, NODE_ABSENT_MS).kind).toBe("absent");
});
