import { expect, test } from "vitest";
import { readWhereaboutsSets } from "./whereabouts.ts";

test.for([
  [{ range: "192.168.1.44/28" }, { subnet: "192.168.1.32/28" }],
  [{ range: "2001:DB8::1/64" }, { subnet: "2001:db8::/64" }],
  [{ range: "10.0.0.5-10.0.0.9/24" }, { subnet: "10.0.0.0/24", start: "10.0.0.5", end: "10.0.0.9" }],
  [{ range: "fd00::00A-fd00::0b/64" }, { subnet: "fd00::/64", start: "fd00::a", end: "fd00::b" }],
  [
    { range: "010.000.0.0/24", range_start: "10.0.0.008", range_end: "" },
    { subnet: "10.0.0.0/24", start: "10.0.0.8" },
  ],
  [
    { range: "10.0.0.0/24", exclude: ["10.0.0.9/30", "10.0.0.8", "10.0.0.12-10.0.0.13", "10.0.0.40"] },
    { subnet: "10.0.0.0/24", exclude: ["10.0.0.8-10.0.0.13", "10.0.0.40"] },
  ],
  [
    { range: "10.0.0.0/24", exclude: ["10.0.1.0/24", "9.0.0.0-10.0.0.3"] },
    { subnet: "10.0.0.0/24", exclude: ["10.0.0.0-10.0.0.3"] },
  ],
  [{ range: "10.0.0.0/24", exclude: ["10.0.1.0/24"] }, { subnet: "10.0.0.0/24" }],
] as const)("the range %j is read as %j, at the top level and in ipRanges", ([written, expected]) => {
  expect(readWhereaboutsSets(written).sets).toEqual([[{ ...expected, assign: "Any" }]]);
  expect(readWhereaboutsSets({ ipRanges: [written] }).sets).toEqual([[{ ...expected, assign: "Any" }]]);
});

test("keys of ipRanges are taken in any letter case", () => {
  const { sets } = readWhereaboutsSets({ ipRanges: [{ Range: "10.0.0.0/24", RANGE_START: "10.0.0.9" }] });
  expect(sets).toEqual([[{ subnet: "10.0.0.0/24", start: "10.0.0.9", assign: "Any" }]]);
});

test.for([
  [
    { ipRanges: [{ range: "10.0.0.0/24" }], range_start: "10.0.0.9", exclude: ["10.0.0.1"] },
    ["range_start", "exclude"],
  ],
  [{ ipRanges: [{ range: "10.0.0.0/24" }], range: "", range_end: "" }, []],
  [{ range: "10.0.0.5-10.0.0.9/24", range_start: "10.0.0.1" }, ["range_start"]],
  [
    { ipRanges: [{ range: "10.0.0.0/24" }, { range: "fd00::5-fd00::9/64", range_end: "fd00::6", range_start: "" }] },
    ["ipRanges[1].range_end"],
  ],
] as const)("in %j the keys %j are idle", ([section, idle]) => {
  expect(readWhereaboutsSets(section).idleKeys).toEqual(idle);
});

test.for([
  ["10.0.0.1", ["10.0.0.1", "10.0.0.1", undefined]],
  ["010.0.0.001", ["10.0.0.1", "10.0.0.1", undefined]],
  ["10.0.0.200", ["10.0.0.200", undefined, undefined]],
  ["192.168.0.1", ["192.168.0.1", "192.168.0.1", undefined]],
  ["fe80::1", [undefined, undefined, "fe80::1"]],
  ["", [undefined, undefined, undefined]],
] as const)("the gateway %s goes to the ranges that hold it, else to those of its family", ([gateway, expected]) => {
  const ipRanges = [{ range: "10.0.0.0/24" }, { range: "10.0.0.0/25" }, { range: "fd00::/64" }];
  const { sets } = readWhereaboutsSets({ ipRanges, gateway });
  expect(sets.map(([range]) => range?.gateway)).toEqual(expected);
});

test("sixty-four separate excludes are as many as a pool takes", () => {
  const exclude = Array.from({ length: 65 }, (_, n) => `10.0.0.${n * 2}`);
  const section = { range: "10.0.0.0/24", exclude: exclude.slice(1) };
  expect(readWhereaboutsSets(section).sets[0]?.[0]?.exclude).toHaveLength(64);
  expect(() => readWhereaboutsSets({ ...section, exclude })).toThrow("expected at most 64 separate parts, not 65");
  const touching = Array.from({ length: 200 }, (_, n) => `10.0.0.${n}`);
  expect(readWhereaboutsSets({ ...section, exclude: touching }).sets[0]?.[0]?.exclude).toEqual(["10.0.0.0-10.0.0.199"]);
});

const RANGE = "expected a CIDR such as 10.0.0.0/24, or 10.0.0.5-10.0.0.9/24";
const EXCLUDE = "expected an address, a CIDR or a span such as 10.0.0.3-10.0.0.9";

test.for([
  [{ range_start: "10.0.0.9" }, `ipam.range is absent: ${RANGE}`],
  [{ range: 5 }, `ipam.range is 5: ${RANGE}`],
  [{ range: "10.0.0.0" }, `ipam.range is "10.0.0.0": ${RANGE}`],
  [{ range: "10.0.0.5-10.0.0.9" }, `ipam.range is "10.0.0.5-10.0.0.9": ${RANGE}`],
  [{ range: "10.0.0-10.0.0.9/24" }, `ipam.range is "10.0.0-10.0.0.9/24": ${RANGE}`],
  [{ range: "10.0.0.0/24-10.0.0.9/24" }, `ipam.range is "10.0.0.0/24-10.0.0.9/24": ${RANGE}`],
  [{ range: "10.0.0.1-10.0.0.5-10.0.0.9/24" }, `ipam.range is "10.0.0.1-10.0.0.5-10.0.0.9/24": ${RANGE}`],
  [
    { range: "192.168.1.5-192.168.2.25/28" },
    'ipam.range is "192.168.1.5-192.168.2.25/28": expected a first address inside 192.168.2.16/28',
  ],
  [{ range: "10.0.0.5-fd00::9/64" }, 'ipam.range is "10.0.0.5-fd00::9/64": expected a first address inside fd00::/64'],
  [
    { range: "10.0.0.9-10.0.0.5/24" },
    'ipam.range is "10.0.0.9-10.0.0.5/24": expected a first address that is not after the last one',
  ],
  [
    { range: "10.0.0.0/28", range_start: "10.0.0.9", range_end: "10.0.0.6" },
    'ipam.range_start is "10.0.0.9": expected an address that is not after range_end 10.0.0.6',
  ],
  [
    { ipRanges: [{ range: "10.0.0.0/28", range_end: "10.0.0.16" }] },
    'ipam.ipRanges[0].range_end is "10.0.0.16": expected an address inside 10.0.0.0/28',
  ],
  [
    { range: "10.0.0.0/28", range_start: "fd00::1" },
    'ipam.range_start is "fd00::1": expected an IPv4 address, as 10.0.0.0/28 is',
  ],
  [{ range: "10.0.0.0/28", exclude: "10.0.0.1" }, 'ipam.exclude is "10.0.0.1": expected a list of addresses and CIDRs'],
  [{ range: "10.0.0.0/28", exclude: ["10.0.0.1/123"] }, `ipam.exclude[0] is "10.0.0.1/123": ${EXCLUDE}`],
  [{ range: "10.0.0.0/28", exclude: ["10.0.0.1", 5] }, `ipam.exclude[1] is 5: ${EXCLUDE}`],
  [{ range: "10.0.0.0/28", exclude: [""] }, `ipam.exclude[0] is "": ${EXCLUDE}`],
  [{ range: "10.0.0.0/28", exclude: ["10.0.0.9-10.0.0.5"] }, `ipam.exclude[0] is "10.0.0.9-10.0.0.5": ${EXCLUDE}`],
  [
    { ipRanges: [{ range: "fd00::/64", exclude: ["10.0.0.1"] }] },
    'ipam.ipRanges[0].exclude[0] is "10.0.0.1": expected an IPv6 address, as fd00::/64 is',
  ],
  [{ ipRanges: {} }, 'ipam.ipRanges is {}: expected a list of ranges, [{"range": "…"}]'],
  [{ ipRanges: ["10.0.0.0/24"] }, 'ipam.ipRanges[0] is "10.0.0.0/24": expected an object with range'],
  [{ ipRanges: [{}] }, `ipam.ipRanges[0].range is absent: ${RANGE}`],
  [
    { ipRanges: [{ range: "10.0.0.0/24", gateway: "10.0.0.1" }] },
    'ipam.ipRanges[0] has the unknown key "gateway": known keys: range, range_start, range_end, exclude',
  ],
  [
    { ipRanges: [{ range: "10.0.0.0/24", rangeStart: "10.0.0.1" }] },
    'ipam.ipRanges[0] has the unknown key "rangeStart": did you mean "range_start"?',
  ],
  [{ range: "10.0.0.0/24", gateway: "10.0.0" }, 'ipam.gateway is "10.0.0": expected an address such as 10.0.0.1'],
  [{ range: "10.0.0.0/24", gateway: 5 }, "ipam.gateway is 5: expected an address such as 10.0.0.1"],
  [
    { range: "10.0.0.0/24", gateway: "fd00::1" },
    'ipam.gateway is "fd00::1": expected an address of a family that the ranges have, not IPv6',
  ],
] as const)("%j is refused", ([section, message]) => {
  expect(() => readWhereaboutsSets(section)).toThrow(expect.objectContaining({ code: "bad-config", message }));
});
