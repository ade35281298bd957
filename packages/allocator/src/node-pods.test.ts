import { expect, test } from "vitest";
import { isHolderOf, isPodOf, type PodIdentity } from "./node-pods.ts";
import { attachedLease } from "./testing/index.ts";

const FOUND: PodIdentity = { namespace: "shop", name: "web-0", uid: "u-1", annotations: {} };
const POD = { namespace: "shop", name: "web-0", uid: "u-1" };

test.each<readonly [string, boolean, PodIdentity, { namespace: string; name: string; uid?: string }]>([
  ["the pod itself", true, FOUND, POD],
  ["another pod of that name, as a StatefulSet makes it again", false, { ...FOUND, uid: "u-2" }, POD],
  ["a pod of that name in another namespace", false, { ...FOUND, namespace: "other" }, POD],
  ["a pod of another name with that uid", false, { ...FOUND, name: "web-1" }, POD],
  ["a pod of that name, where the runtime told no uid", true, FOUND, { namespace: "shop", name: "web-0" }],
  ["a pod of that name, where the runtime told an empty uid", true, FOUND, { ...POD, uid: "" }],
  [
    "the mirror of a static pod, by the hash of its file",
    true,
    { ...FOUND, uid: "u-2", annotations: { "kubernetes.io/config.hash": "u-1" } },
    POD,
  ],
  [
    "the mirror of a static pod, by its mirror annotation",
    true,
    { ...FOUND, uid: "u-2", annotations: { "kubernetes.io/config.mirror": "u-1" } },
    POD,
  ],
  [
    "the mirror of a static pod whose file has changed since",
    false,
    { ...FOUND, uid: "u-2", annotations: { "kubernetes.io/config.hash": "u-3" } },
    POD,
  ],
])("%s: %s", (_title, expected, found, pod) => {
  expect(isPodOf(found, pod)).toBe(expected);
});

test.each<readonly [string, boolean, PodIdentity, { namespace: string; name: string; uid?: string } | undefined]>([
  ["the pod itself, wherever it is", true, FOUND, POD],
  ["another pod of that name on its node", false, { ...FOUND, uid: "u-2", node: "n1" }, POD],
  [
    "a pod of that name on its node, where the runtime told no uid",
    true,
    { ...FOUND, node: "n1" },
    { ...POD, uid: "" },
  ],
  ["a pod of that name on another node, where it told none", false, { ...FOUND, node: "n2" }, { ...POD, uid: "" }],
  ["a pod of that name on no node, where it told none", false, FOUND, { namespace: "shop", name: "web-0" }],
  ["a pod, where the lease names none", false, FOUND, undefined],
])("holder of a lease: %s: %s", (_title, expected, found, pod) => {
  const lease = attachedLease("10.0.0.5", { node: "n1" });
  const { pod: _, ...spec } = lease.spec;
  expect(isHolderOf(found, { ...lease, spec: pod === undefined ? spec : { ...spec, pod } })).toBe(expected);
});
