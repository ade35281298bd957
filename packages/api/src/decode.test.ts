import { describe, expect, it } from "vitest";
import { asIPBlock, asIPLease, asIPPool, asRestrictedRanges } from "./decode.ts";

const LEASE = {
  apiVersion: "cluster-ipam.io/v1alpha1",
  kind: "IPLease",
  metadata: { name: "10.0.0.5", uid: "u1", resourceVersion: "7", finalizers: ["example.com/hold"] },
  spec: {
    address: "10.0.0.5",
    prefixLength: 24,
    pool: "lab",
    addressSpace: "",
    network: "lab",
    node: "n1",
    holder: "",
    containerID: "c1",
    ifName: "net1",
  },
};

const POOL = {
  apiVersion: "cluster-ipam.io/v1alpha1",
  kind: "IPPool",
  metadata: { name: "lab" },
  spec: { ranges: [{ subnet: "2001:db8::/64" }] },
};

describe("asIPLease", () => {
  it("returns the object itself, so that a PUT loses nothing", () => {
    expect(asIPLease(LEASE)).toBe(LEASE);
  });

  it.each([
    ["nothing", undefined, "lease is not an object"],
    ["null", null, "lease is not an object"],
    ["text", "10.0.0.5", "lease is not an object"],
    ["no metadata", { ...LEASE, metadata: undefined }, "lease.metadata is not an object"],
    ["no name", { ...LEASE, metadata: {} }, "lease.metadata.name is not a string"],
    ["no spec", { ...LEASE, spec: null }, "lease.spec is not an object"],
    ["no address", { ...LEASE, spec: { ...LEASE.spec, address: undefined } }, "lease.spec.address is not a string"],
    ["no node", { ...LEASE, spec: { ...LEASE.spec, node: undefined } }, "lease.spec.node is not a string"],
    ["a prefix as text", { ...LEASE, spec: { ...LEASE.spec, prefixLength: "24" } }, "prefixLength is not a number"],
    ["another kind", { ...POOL, spec: {} }, "lease.spec.address is not a string"],
  ])("refuses %s and names the field", (_what, value, message) => {
    expect(() => asIPLease(value)).toThrow(message);
  });
});

describe("asIPPool", () => {
  it("fills in the defaults of a pool that was stored before they were", () => {
    expect(asIPPool(POOL).spec).toEqual({
      ranges: [{ subnet: "2001:db8::/64", assign: "Any" }],
      addressSpace: "",
      strategy: "Spread",
      coolDownSeconds: 0,
      reserveGateway: true,
    });
  });

  it("keeps what a whole pool says", () => {
    const whole = {
      ...POOL,
      metadata: { name: "lab", uid: "u2", resourceVersion: "9", generation: 3, labels: { a: "b" } },
      spec: {
        ranges: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", exclude: ["10.0.0.9"], assign: "OnRequest" }],
        addressSpace: "blue",
        routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1", mtu: 1400 }],
        dns: { nameservers: ["10.0.0.53"] },
        strategy: "Index",
        index: { base: "Start", pattern: "index([0-9]+)" },
        retain: { policy: "Always", seconds: 60 },
        coolDownSeconds: 30,
        reserveGateway: false,
        nodeSelector: { matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] },
      },
      status: {
        capacity: "254",
        conditions: [
          { type: "Ready", status: "True", lastTransitionTime: "2026-01-02T03:04:05Z", reason: "Ok", message: "" },
        ],
      },
    };

    expect(asIPPool(whole)).toEqual(whole);
  });

  it.each([
    ["nothing", undefined, "expected object"],
    ["a lease", LEASE, "at kind"],
    ["an unknown strategy", { ...POOL, spec: { ...POOL.spec, strategy: "Random" } }, "spec.strategy"],
    ["a range without subnet", { ...POOL, spec: { ranges: [{}] } }, "spec.ranges[0].subnet"],
  ])("refuses %s and names the field", (_what, value, message) => {
    expect(() => asIPPool(value)).toThrow(message);
    expect(() => asIPPool(value)).toThrow(TypeError);
  });
});

describe("asRestrictedRanges", () => {
  const ranges = [{ subnet: "10.0.0.0/24", assign: "Sometimes" }, { subnet: "fd00::/64" }];

  it.each([
    ["a selector of nodes", { ranges, nodeSelector: {} }, { addressSpace: "", subnets: ["10.0.0.0/24", "fd00::/64"] }],
    [
      "one of namespaces, in a space",
      { ranges: [], addressSpace: "lab", namespaceSelector: 7 },
      { addressSpace: "lab", subnets: [] },
    ],
    ["ranges of another form", { ranges: "all", nodeSelector: {} }, { addressSpace: "", subnets: [] }],
    ["no selector", { ranges }, undefined],
  ])("tells of a pool with %s what it can", (_what, spec, expected) => {
    expect(asRestrictedRanges({ kind: "IPPool", spec })).toEqual(expected);
  });

  it("tells nothing of what has no spec", () => {
    expect(asRestrictedRanges({ kind: "IPPool" })).toBeUndefined();
    expect(asRestrictedRanges(null)).toBeUndefined();
  });
});

describe("asIPBlock", () => {
  const BLOCK = {
    apiVersion: "cluster-ipam.io/v1alpha1",
    kind: "IPBlock",
    metadata: { name: "10.0.0.0-28", uid: "u1", resourceVersion: "7" },
    spec: { prefix: "10.0.0.0/28", pool: "lab", node: "n1" },
  };

  it("fills in the default space", () => {
    expect(asIPBlock(BLOCK)).toEqual({ ...BLOCK, spec: { ...BLOCK.spec, addressSpace: "" } });
  });

  it.each([
    ["nothing", undefined, "expected object"],
    ["a lease", LEASE, "at kind"],
    ["a block without node", { ...BLOCK, spec: { ...BLOCK.spec, node: undefined } }, "spec.node"],
  ])("refuses %s and names the field", (_what, value, message) => {
    expect(() => asIPBlock(value)).toThrow(message);
    expect(() => asIPBlock(value)).toThrow(TypeError);
  });
});
