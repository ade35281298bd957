import { AddressSet, parseCidr, parseSpan } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import {
  type Claimant,
  describeHolder,
  draftLease,
  holderOf,
  isHeldBy,
  isLeftByEarlierCall,
  isOfCall,
} from "./claimant.ts";
import type { RangeSet } from "./range-set.ts";
import { attachedLease } from "./testing/index.ts";

const CLAIMANT: Claimant = {
  network: "lan",
  containerID: "c2",
  ifName: "net1",
  node: "n1",
  pod: { namespace: "shop", name: "web-0", uid: "u1" },
  sandbox: { netns: "/run/netns/a", inode: "7", bootID: "b" },
  call: { bootID: "b", startedAtNs: 2_000n },
};

test("a draft says who holds the address, and what an interface needs to know", () => {
  const set = setOf("10.0.0.0/24", "10.0.0.1", "blue");
  expect(draftLease(CLAIMANT, set, { family: 4, value: 0x0a000005n })).toEqual({
    apiVersion: "cluster-ipam.io/v1alpha1",
    kind: "IPLease",
    metadata: { name: "blue.10.0.0.5" },
    spec: {
      address: "10.0.0.5",
      prefixLength: 24,
      gateway: "10.0.0.1",
      pool: "lab",
      addressSpace: "blue",
      network: "lan",
      node: "n1",
      containerID: "c2",
      ifName: "net1",
      holder: "shop/web-0/net1",
      pod: { namespace: "shop", name: "web-0", uid: "u1" },
      sandbox: { netns: "/run/netns/a", inode: "7", bootID: "b" },
      addedAt: { bootID: "b", bootTimeNs: "2000" },
    },
  });
});

test("a draft without gateway, pod or sandbox has no such keys", () => {
  const set = setOf("fd00::/64", undefined, "");
  const draft = draftLease({ ...CLAIMANT, pod: undefined, sandbox: undefined }, set, {
    family: 6,
    value: 5n | (0xfd00n << 112n),
  });
  expect(draft.metadata.name).toBe("fd00-0000-0000-0000-0000-0000-0000-0005");
  expect(draft.spec).toMatchObject({ address: "fd00::5", prefixLength: 64, holder: "" });
  for (const key of ["gateway", "pod", "sandbox"]) expect(key in draft.spec).toBe(false);
});

test("an address outside the ranges has no draft", () => {
  expect(() => draftLease(CLAIMANT, setOf("10.0.0.0/24", undefined, ""), { family: 4, value: 5n })).toThrow(
    "0.0.0.5 is in no range of pool lab",
  );
});

test("a holder is the pod and its interface, or nobody", () => {
  expect(holderOf(CLAIMANT)).toBe("shop/web-0/net1");
  expect(holderOf({ pod: undefined, ifName: "net1" })).toBe("");
});

const HELD = attachedLease("10.0.0.5", {
  network: "lan",
  containerID: "c2",
  ifName: "net1",
  node: "n1",
  pod: { namespace: "shop", name: "web-0", uid: "u1" },
});

test.for([
  [{}, true],
  [{ pod: { namespace: "shop", name: "web-0", uid: "u2" } }, true],
  [{ network: "wan" }, false],
  [{ containerID: "c1" }, false],
  [{ ifName: "net2" }, false],
  [{ node: "n2" }, false],
] as const)("whether a lease with %j is the attachment's: %s", ([spec, expected]) => {
  expect(isHeldBy({ ...HELD, spec: { ...HELD.spec, ...spec } }, CLAIMANT)).toBe(expected);
});

const EARLIER = { bootID: "b", bootTimeNs: "1999" };

test.for([
  [{}, true],
  [{ containerID: "c1" }, true],
  [{ addedAt: { bootID: "another", bootTimeNs: "9000" } }, true],
  [{ addedAt: { bootID: "b", bootTimeNs: "2000" } }, false],
  [{ addedAt: { bootID: "b", bootTimeNs: "2001" } }, false],
  [{ containerID: "c1", addedAt: { bootID: "b", bootTimeNs: "10000" } }, false],
  [{ containerID: "c1", node: "n2" }, false],
  [{ containerID: "c1", network: "wan" }, false],
  [{ containerID: "c1", ifName: "net2" }, false],
  [{ containerID: "c1", pod: { namespace: "shop", name: "web-0", uid: "u2" } }, false],
  [{ containerID: "c1", pod: { namespace: "shop", name: "web-0", uid: "" } }, false],
] as const)("whether a lease with %j is left by an earlier call: %s", ([spec, expected]) => {
  expect(isLeftByEarlierCall({ ...HELD, spec: { ...HELD.spec, addedAt: EARLIER, ...spec } }, CLAIMANT)).toBe(expected);
});

test("a lease that does not say of which call it is counts as an earlier one's", () => {
  expect(isLeftByEarlierCall(HELD, CLAIMANT)).toBe(true);
});

test.for([
  ["without a uid", { namespace: "shop", name: "web-0", uid: "" }],
  ["without a pod", undefined],
] as const)("a claimant %s has no earlier sandbox", ([, pod]) => {
  const { pod: _, ...rest } = HELD.spec;
  const spec = { ...rest, addedAt: EARLIER, containerID: "c1", ...(pod === undefined ? {} : { pod }) };
  expect(isLeftByEarlierCall({ ...HELD, spec }, { ...CLAIMANT, pod })).toBe(false);
});

test.for([
  [{ addedAt: { bootID: "b", bootTimeNs: "2000" } }, true],
  [{ addedAt: { bootID: "b", bootTimeNs: "1999" } }, false],
  [{ addedAt: { bootID: "another", bootTimeNs: "2000" } }, false],
  [{ addedAt: { bootID: "b", bootTimeNs: "2000" }, containerID: "c1" }, false],
  [{}, false],
] as const)("whether a lease with %j is of the claimant's own call: %s", ([spec, expected]) => {
  expect(isOfCall({ ...HELD, spec: { ...HELD.spec, ...spec } }, CLAIMANT)).toBe(expected);
});

const UNATTACHED = { node: "", containerID: "", pod: undefined } as const;

test.for([
  [{}, "pod shop/web-0 (interface net1) on node n1"],
  [{ pod: undefined }, "container c2 (interface net1) on node n1"],
  [{ ...UNATTACHED, reserved: { reason: "printer" } }, "a reservation (printer)"],
  [
    { node: "", containerID: "", releasedAt: "2026-01-01T00:00:00Z" },
    "nobody, but kept for pod shop/web-0 (interface net1) since 2026-01-01T00:00:00Z",
  ],
  [
    { node: "", containerID: "", pod: undefined, releasedAt: "2026-01-01T00:00:00Z" },
    "nobody, but cooling down since 2026-01-01T00:00:00Z",
  ],
  [
    { reserved: { reason: "db", for: { namespace: "shop", name: "web-0" } } },
    "pod shop/web-0 (interface net1) on node n1",
  ],
  [
    { ...UNATTACHED, reserved: { reason: "db", for: { namespace: "shop", name: "web-0" } } },
    "a reservation for pod shop/web-0 (db)",
  ],
] as const)("a lease with %j is held by %s", ([spec, expected]) => {
  const { pod, ...merged } = { ...HELD.spec, ...spec };
  expect(describeHolder({ ...HELD, spec: { ...merged, ...(pod === undefined ? {} : { pod }) } })).toBe(expected);
});

function setOf(subnet: string, gateway: string | undefined, addressSpace: string): RangeSet {
  const cidr = parseCidr(subnet);
  const range = parseSpan(subnet);
  const via = gateway === undefined ? undefined : parseSpan(gateway);
  if (cidr === undefined || range === undefined) throw new Error(`${subnet} is not a CIDR`);
  return {
    pool: "lab",
    addressSpace,
    family: cidr.family,
    addresses: AddressSet.of(cidr.family, [range]),
    open: AddressSet.of(cidr.family, [range]),
    subnets: [{ cidr, range, gateway: via && { family: via.family, value: via.first }, isOnRequest: false }],
    isNodesOwn: false,
  };
}
