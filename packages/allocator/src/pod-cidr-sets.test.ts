import { API_VERSION, type IPPool, type IPPoolSpec } from "@cluster-ipam/api";
import { formatAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { podCidrSetsOf } from "./pod-cidr-sets.ts";
import type { RangeSet } from "./range-set.ts";

function pool(spec: Partial<IPPoolSpec> = {}): IPPool {
  const defaults = {
    ranges: [],
    addressSpace: "",
    strategy: "Spread",
    coolDownSeconds: 0,
    reserveGateway: true,
  } as const;
  const whole: IPPoolSpec = { ...defaults, source: "NodePodCIDR", ...spec };
  return { apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "node" }, spec: whole };
}

function show({ family, open, subnets, isNodesOwn }: RangeSet): unknown {
  const gateways = subnets.map(({ cidr, gateway }) => [
    cidr.prefixLength,
    gateway === undefined ? undefined : formatAddress(gateway),
  ]);
  return [family, open.toString(), ...gateways, isNodesOwn];
}

test("a node's networks are a set each, IPv4 first, of this node alone, with the first address as the gateway", () => {
  expect(podCidrSetsOf(pool(), ["fd00:1::/64", "10.244.1.0/24"]).map(show)).toEqual([
    [4, "10.244.1.2-10.244.1.254", [24, "10.244.1.1"], true],
    [6, "fd00:1::2-fd00:1::ffff:ffff:ffff:ffff", [64, "fd00:1::1"], true],
  ]);
});

test("the gateway is handed out where the pool does not keep it", () => {
  const [set] = podCidrSetsOf(pool({ reserveGateway: false }), ["10.244.1.0/24"]).map(show);
  expect(set).toEqual([4, "10.244.1.1-10.244.1.254", [24, "10.244.1.1"], true]);
});

test.each([
  ["10.244.1.0/30", "10.244.1.2", "10.244.1.1"],
  ["10.244.1.0/31", "10.244.1.0-10.244.1.1", undefined],
  ["10.244.1.7/32", "10.244.1.7", undefined],
  ["fd00::/126", "fd00::2-fd00::3", "fd00::1"],
  ["fd00::/127", "fd00::-fd00::1", undefined],
])("the small network %s gives %s, with gateway %s", (cidr, given, gateway) => {
  const [set] = podCidrSetsOf(pool(), [cidr]);
  expect(set?.open.toString()).toBe(given);
  expect(set?.subnets[0]?.gateway && formatAddress(set.subnets[0].gateway)).toBe(gateway);
});

test("host bits, which a Node may have, mean the network that they lie in", () => {
  expect(podCidrSetsOf(pool(), ["10.244.1.9/24"]).map(({ open }) => open.toString())).toEqual([
    "10.244.1.2-10.244.1.254",
  ]);
});

test.each(["10.244.1.0", "0.0.0.0/0"])("a node with the network %s is an error that names it and the pool", (text) => {
  expect(() => podCidrSetsOf(pool(), [text])).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringMatching(`pool node.*podCIDRs.*"${text}"`) }),
  );
});
