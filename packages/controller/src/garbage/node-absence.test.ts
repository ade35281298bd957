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

test("each node is counted for itself, and one without leases is forgotten", () => {
  const nodes = new NodeAbsence();
  nodes.look("n1", undefined, 0);
  nodes.look("n2", undefined, 0);
  nodes.retain(new Set(["n1"]));
  expect(nodes.look("n1", undefined, NODE_ABSENT_MS).kind).toBe("lost");
  expect(nodes.look("n2", undefined, NODE_ABSENT_MS).kind).toBe("absent");
});
