import { expect, test } from "vitest";
import { dialectOf } from "./dialect.ts";

test.for([
  [{}, "network"],
  [{ type: "cluster-ipam", routes: [], dns: {}, addressSpace: "blue", network_name: "green" }, "network"],
  [{ gateway: "", rangeStart: "", range: "", range_start: "", exclude: [], ipRanges: [] }, "network"],
  [{ pool: "blue" }, "pools"],
  [{ pools: ["blue"], gateway: "", exclude: [] }, "pools"],
  [{ pool: "blue", index: 3 }, "pools"],
  [{ subnet: "10.0.0.0/24" }, "host-local"],
  [{ subnet: "" }, "host-local"],
  [{ ranges: [] }, "host-local"],
  [{ rangeEnd: "10.0.0.9" }, "host-local"],
  [{ gateway: "10.0.0.1" }, "host-local"],
  [{ subnet: "10.0.0.0/24", index: 3 }, "host-local"],
  [{ subnet: "10.0.0.0/24", addresses: [] }, "host-local"],
  [{ subnet: "10.0.0.0/24", range: "", exclude: [] }, "host-local"],
  [{ range: "10.0.0.0/24", gateway: "10.0.0.1" }, "whereabouts"],
  [{ range: "10.0.0.0/24", addresses: [], index: 3 }, "whereabouts"],
  [{ ipRanges: [{}] }, "whereabouts"],
  [{ range_start: "10.0.0.9" }, "whereabouts"],
  [{ exclude: ["10.0.0.9"] }, "whereabouts"],
  [{ addresses: [] }, "static"],
  [{ addresses: [{}], gateway: "" }, "static"],
  [{ index: 0 }, "index2ip"],
  [{ index: {} }, "index2ip"],
] as const)("%j is %s", ([section, dialect]) => {
  expect(dialectOf(section)).toBe(dialect);
});

test.for([
  [{ pool: "blue", subnet: "10.0.0.0/24" }, "pool", "subnet"],
  [{ pool: "blue", ranges: [] }, "pool", "ranges"],
  [{ pools: ["blue"], range: "10.0.0.0/24" }, "pools", "range"],
  [{ pools: ["blue"], addresses: [] }, "pools", "addresses"],
  [{ pool: "blue", gateway: "10.0.0.1" }, "pool", "gateway"],
  [{ pool: "blue", index: 1, subnet: "10.0.0.0/24" }, "pool", "subnet"],
  [{ subnet: "10.0.0.0/24", range: "10.0.0.0/24" }, "subnet", "range"],
  [{ subnet: "10.0.0.0/24", exclude: ["10.0.0.1"] }, "subnet", "exclude"],
  [{ subnet: "10.0.0.0/24", range_start: "10.0.0.9" }, "subnet", "range_start"],
  [{ range: "10.0.0.0/24", rangeStart: "10.0.0.9" }, "rangeStart", "range"],
  [{ ranges: [[]], ipRanges: [{}] }, "ranges", "ipRanges"],
  [{ addresses: [], index: 1 }, "addresses", "index"],
  [{ subnet: "10.0.0.0/24", addresses: [], ipRanges: [{}] }, "subnet", "ipRanges"],
] as const)("%j mixes dialects: %s and %s", ([section, first, second]) => {
  expect(() => dialectOf(section)).toThrow(
    expect.objectContaining({
      code: "bad-config",
      message: `ipam.${first} and ipam.${second} both say where addresses come from: keep one`,
    }),
  );
});

test.for([
  [
    { addresses: [], gateway: "10.0.0.1" },
    "ipam.gateway belongs to ranges, and ipam.addresses has none: set the gateway of the entry in ipam.addresses",
  ],
  [{ index: 1, gateway: "10.0.0.1" }, "ipam.gateway belongs to ranges, and ipam.index has none: remove ipam.gateway"],
] as const)("%j has a gateway and no range", ([section, message]) => {
  expect(() => dialectOf(section)).toThrow(expect.objectContaining({ code: "bad-config", message }));
});
