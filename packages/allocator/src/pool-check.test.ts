import type { IPPoolSpec, PoolRange } from "@cluster-ipam/api";
import { describe, expect, test } from "vitest";
import { checkPool } from "./pool-check.ts";

type Range = Omit<PoolRange, "assign"> & Partial<Pick<PoolRange, "assign">>;

function check(ranges: readonly Range[], spec: Partial<IPPoolSpec> = {}): string[] {
  const whole = ranges.map((range): PoolRange => ({ assign: "Any", ...range }));
  return checkPool({
    spec: {
      ranges: whole,
      addressSpace: "",
      strategy: "Spread",
      coolDownSeconds: 0,
      reserveGateway: true,
      ...spec,
    },
  });
}

function checkPattern(pattern: string): string[] {
  return check([{ subnet: "10.0.0.0/24" }], { strategy: "Index", index: { base: "Start", pattern } });
}

describe("a pool that can be served", () => {
  test.each<[string, readonly Range[]]>([
    ["one subnet", [{ subnet: "10.0.0.0/24", start: "10.0.0.5", end: "10.0.0.5", gateway: "10.0.0.1" }]],
    ["both families", [{ subnet: "10.0.0.0/24" }, { subnet: "fd00::/64", gateway: "fd00::" }]],
    ["the first of two addresses as gateway", [{ subnet: "10.0.0.0/31", gateway: "10.0.0.0" }]],
    [
      "two gateways of ranges apart",
      [
        { subnet: "10.0.0.0/24", end: "10.0.0.99", gateway: "10.0.0.1" },
        { subnet: "10.0.0.0/24", start: "10.0.0.100", gateway: "10.0.0.2" },
      ],
    ],
    [
      "a range on request within another",
      [
        { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
        { subnet: "10.0.0.0/24", start: "10.0.0.100", gateway: "10.0.0.1", assign: "OnRequest" },
      ],
    ],
    ["subnets of two lengths apart", [{ subnet: "10.0.0.0/24" }, { subnet: "10.1.0.0/16" }]],
    ["no range, as with the nodes' own", []],
  ])("with %s has no fault", (_, ranges) => {
    expect(check(ranges)).toEqual([]);
  });

  test.each(["index([0-9]+)", "(?:a|b)-([0-9]+)$", "([0-9]+)|x"])("with the pattern %s has no fault", (pattern) => {
    expect(checkPattern(pattern)).toEqual([]);
  });
});

describe("a pool that cannot be served", () => {
  test.each<[string, readonly Range[], string]>([
    [
      "an end before the start",
      [{ subnet: "10.0.0.0/24", start: "10.0.0.20", end: "10.0.0.10" }],
      'ranges[0].start is "10.0.0.20": expected an address that is not after end 10.0.0.10',
    ],
    [
      "an IPv6 end before the start",
      [{ subnet: "10.0.0.0/24" }, { subnet: "fd00::/64", start: "fd00::b", end: "fd00::a" }],
      'ranges[1].start is "fd00::b": expected an address that is not after end fd00::a',
    ],
    [
      "an exclusion that ends before it starts",
      [{ subnet: "10.0.0.0/24", exclude: ["10.0.0.1", "10.0.0.9-10.0.0.5"] }],
      'ranges[0].exclude[1] is "10.0.0.9-10.0.0.5": expected the lower address first: 10.0.0.5-10.0.0.9',
    ],
    [
      "an exclusion that is nothing",
      [{ subnet: "fd00::/64", exclude: ["fd00"] }],
      'ranges[0].exclude[0] is "fd00": expected an address, a CIDR or a span a-b',
    ],
    [
      "the network's address as gateway",
      [{ subnet: "10.0.0.0/24", gateway: "10.0.0.0" }],
      'ranges[0].gateway is "10.0.0.0": expected another address than the network address of 10.0.0.0/24',
    ],
    [
      "the broadcast address as gateway",
      [{ subnet: "10.0.0.0/30", gateway: "10.0.0.3" }],
      'ranges[0].gateway is "10.0.0.3": expected another address than the broadcast address of 10.0.0.0/30',
    ],
    [
      "two gateways of one address",
      [
        { subnet: "10.0.0.0/24", end: "10.0.0.99", gateway: "10.0.0.1" },
        { subnet: "10.0.0.0/24", start: "10.0.0.99" },
      ],
      "ranges[0] (10.0.0.0-10.0.0.99) and ranges[1] (10.0.0.99-10.0.0.255) have addresses in common, and two gateways",
    ],
    [
      "two prefix lengths of one address",
      [{ subnet: "fd00::/64", end: "fd00::9" }, { subnet: "fd00::/48" }],
      "ranges[0] (fd00::-fd00::9) and ranges[1] (fd00::-fd00::ffff:ffff:ffff:ffff:ffff) have addresses in common, and subnets",
    ],
  ])("has %s, and says so alone", (_, ranges, says) => {
    const faults = check(ranges);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(says);
  });

  test.each([
    ["(?:x)[0-9]+", "expected a group for the number, such as index([0-9]+)"],
    ["\\([0-9]+\\)", "expected a group for the number"],
    ["(?i)index([0-9]+)", "expected a regular expression that JavaScript reads, too (Invalid regular expression"],
  ])("has the pattern %s", (pattern, says) => {
    const faults = checkPattern(pattern);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`index.pattern is "${pattern}": ${says}`);
  });

  test("says all that is wrong at once", () => {
    const turned = { subnet: "10.0.0.0/24", start: "10.0.0.20", end: "10.0.0.10", exclude: ["10.0.0.9-10.0.0.5"] };
    expect(check([turned, { subnet: "10.1.0.0/24", gateway: "10.1.0.255" }])).toHaveLength(3);
  });
});
