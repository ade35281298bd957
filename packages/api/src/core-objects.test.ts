import { expect, test } from "vitest";
import { asNamespaceObject, asNodeObject, nodeStateOf } from "./core-objects.ts";

test("a Node is read with its labels and the networks of its pods, and nothing else", () => {
  const labels = { "kubernetes.io/hostname": "n1" };
  const spec = { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24", "fd00:1::/64"], providerID: "x" };
  expect(asNodeObject({ kind: "Node", metadata: { name: "n1", labels }, spec, status: {} })).toEqual({
    metadata: { labels },
    spec: { podCIDRs: spec.podCIDRs },
    status: {},
  });
});

const READY = { type: "Ready", status: "True" };
const PRESSURE = { type: "MemoryPressure", status: "True" };

test.each([
  [[PRESSURE, READY], [], { isReady: true, isOutOfService: false }],
  [[{ ...READY, status: "False" }], [], { isReady: false, isOutOfService: false }],
  [[{ ...READY, status: "Unknown" }, PRESSURE], [{ key: "x" }], { isReady: false, isOutOfService: false }],
  [[], [{ key: "node.kubernetes.io/out-of-service" }], { isReady: false, isOutOfService: true }],
  [[READY], [{ key: "x" }, { key: "node.kubernetes.io/out-of-service" }], { isReady: true, isOutOfService: true }],
] as const)("a Node with the conditions %j and the taints %j is %j", (conditions, taints, expected) => {
  const bare = { metadata: {}, spec: { taints }, status: { conditions } };
  expect(nodeStateOf(asNodeObject(bare))).toEqual(expected);
});

test("a Node that tells nothing of itself is neither ready nor out of service", () => {
  expect(nodeStateOf(asNodeObject({ metadata: {} }))).toEqual({ isReady: false, isOutOfService: false });
});

test("a Node without labels and without networks is one", () => {
  expect(asNodeObject({ metadata: { name: "n1" }, spec: {} })).toEqual({ metadata: {}, spec: {} });
  expect(asNodeObject({ metadata: {} })).toEqual({ metadata: {} });
});

test("a Namespace is read with its labels", () => {
  expect(asNamespaceObject({ metadata: { name: "shop", labels: { team: "a" } }, spec: {} })).toEqual({
    metadata: { labels: { team: "a" } },
  });
});

test.each([
  ["Node", asNodeObject, { metadata: { labels: { a: 1 } } }, "labels.a"],
  ["Node", asNodeObject, { metadata: {}, spec: { podCIDRs: "10.0.0.0/24" } }, "podCIDRs"],
  ["Namespace", asNamespaceObject, { kind: "Status" }, "metadata"],
  ["Namespace", asNamespaceObject, null, "expected object"],
])("what is no %s is an error that names the field", (kind, decode, value, fragment) => {
  expect(() => decode(value)).toThrow(`is not a ${kind}`);
  expect(() => decode(value)).toThrow(fragment);
});
