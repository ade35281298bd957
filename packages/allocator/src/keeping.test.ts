import type { IPPoolSpec } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { hasOrdinal, isRetaining, isStatefulPod, isWatched, keepSecondsOf } from "./keeping.ts";

const ALWAYS = { policy: "Always", seconds: 60 } as const;

test.for<readonly [number, IPPoolSpec["retain"], boolean, number | undefined]>([
  [0, undefined, false, undefined],
  [0, { policy: "None" }, true, undefined],
  [30, undefined, false, 30],
  [30, { policy: "None" }, true, 30],
  [0, ALWAYS, true, 60],
  [0, ALWAYS, false, undefined],
  [30, ALWAYS, false, 30],
  [30, ALWAYS, true, 60],
  [90, ALWAYS, true, 90],
])(
  "coolDownSeconds %d and retain %j keep the address of a pod that it is about (%s) for %s s",
  ([coolDownSeconds, retain, isRetained, expected]) => {
    const spec = { coolDownSeconds, ...(retain === undefined ? {} : { retain }) };
    expect(keepSecondsOf(spec, isRetained)).toBe(expected);
  },
);

test.for<readonly [IPPoolSpec["retain"], boolean]>([
  [undefined, false],
  [{ policy: "None" }, false],
  [{ policy: "StatefulSet", seconds: 1 }, true],
  [ALWAYS, true],
])("a pool with retain %j keeps addresses for pods: %s", ([retain, expected]) => {
  expect(isRetaining(retain === undefined ? {} : { retain })).toBe(expected);
});

test.for([
  [{ controllerKind: "StatefulSet" }, true],
  [{ controllerKind: "ReplicaSet" }, false],
  [{}, false],
  [{ annotations: { "cluster-ipam.io/retain": "true" } }, true],
  [{ annotations: { "cluster-ipam.io/retain": "yes" } }, false],
  [{ controllerKind: "ReplicaSet", annotations: { "cluster-ipam.io/retain": "true" } }, true],
] as const)("policy StatefulSet is about a pod with %j: %s", ([pod, expected]) => {
  expect(isStatefulPod({ namespace: "shop", name: "web-0", uid: "u", annotations: {}, ...pod })).toBe(expected);
});

test.for([
  ["web-0", true],
  ["web-12", true],
  ["a-0-web", false],
  ["web-7c5ddbdf54-x8k2p", false],
  ["web0", false],
  ["web", false],
] as const)("pod %s is named as by a StatefulSet: %s", ([name, expected]) => {
  expect(hasOrdinal(name)).toBe(expected);
});

test("a controller has looked at a pool when it has a condition Ready, whatever its status, and by no other", () => {
  const condition = { type: "Ready", status: "False", reason: "Invalid", message: "", lastTransitionTime: "" } as const;
  expect(isWatched({ status: { conditions: [condition] } })).toBe(true);
  expect(isWatched({ status: { conditions: [{ ...condition, type: "Exhausted" }] } })).toBe(false);
  expect(isWatched({ status: {} })).toBe(false);
  expect(isWatched({})).toBe(false);
});
