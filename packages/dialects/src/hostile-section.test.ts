import { IpamError } from "@cluster-ipam/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_FIXED, readTestSection } from "./testing/test-section.ts";

/** Values that sections hold, right and nearly right. */
const leaf = fc.oneof(
  fc.constantFrom("", "10.0.0.0/24", "10.0.0.5", "10.0.0.1/24", "fd00::/64", "fd00::5", "blue", "::/0", "/etc/dns"),
  fc.constantFrom(null, true, 0, -1, 254, 1e21),
  fc.string(),
);
const key = fc.oneof(
  fc.constantFrom("pool", "pools", "addressSpace", "routes", "dns", "resolvConf", "dataDir", "ranges", "subnet"),
  fc.constantFrom("range", "range_start", "RANGE_END", "exclude", "ipRanges", "network_name", "node_slice_size"),
  fc.constantFrom("enable_overlapping_ranges", "addresses", "address", "strategy", "index", "base", "pattern"),
  fc.constantFrom("RangeStart", "rangeend", "gateway", "dst", "gw", "table", "nameservers", "search", "__proto__"),
  fc.string(),
);
const { section } = fc.letrec<{ section: Record<string, unknown>; value: unknown }>((tie) => ({
  section: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  value: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("section")),
}));
const ipamSection = fc.oneof(
  section,
  fc.record({ subnet: leaf, rangeStart: leaf, rangeEnd: leaf, gateway: leaf }, { requiredKeys: ["subnet"] }),
  fc.record({ ranges: fc.array(fc.array(fc.record({ subnet: leaf }, { requiredKeys: [] }))) }),
  fc.record({ range: leaf, range_start: leaf, range_end: leaf, exclude: fc.array(leaf) }, { requiredKeys: ["range"] }),
  fc.record({ ipRanges: fc.array(fc.record({ range: leaf, exclude: fc.array(leaf) }, { requiredKeys: ["range"] })) }),
  fc.record({ addresses: fc.array(fc.record({ address: leaf, gateway: leaf }, { requiredKeys: ["address"] })) }),
  fc.record({ index: fc.oneof(leaf, fc.record({ base: leaf, pattern: leaf }, { requiredKeys: [] })) }),
  fc.dictionary(fc.string(), fc.jsonValue()),
);

test("whatever JSON a section is, it has a reading, or an error of the catalogue that fits a line", {
  timeout: 30_000,
}, () => {
  let readings = 0;
  const property = fc.property(ipamSection, fc.array(fc.jsonValue()), fc.string(), (ipam, conventionIps, argument) => {
    const outcome = attempt(() => readTestSection(ipam, { fixed: { ...NO_FIXED, conventionIps, argument } }));
    const withoutFixed = attempt(() => readTestSection(ipam));
    for (const error of [outcome, withoutFixed].filter((found) => found instanceof Error)) {
      expect(error).toBeInstanceOf(IpamError);
      expect(["bad-config", "bad-index"]).toContain((error as IpamError).code);
      expect(error.message.length).toBeLessThan(500);
    }
    if (!(withoutFixed instanceof Error)) readings += 1;
  });
  fc.assert(property, { numRuns: 2_000 });
  // Some 120 of 2,000 in the mean: far fewer would mean that each section is wrong in its first key.
  expect(readings).toBeGreaterThan(30);
});

const DEPTH = 200_000;
const DEEP: unknown = JSON.parse("[".repeat(DEPTH) + "]".repeat(DEPTH));
const LONG = Array.from({ length: 50_000 }, () => "x");

test.for([
  "pool",
  "pools",
  "addressSpace",
  "routes",
  "dns",
  "resolvConf",
  "ranges",
  "subnet",
  "rangeStart",
  "gateway",
  "range",
  "range_start",
  "exclude",
  "ipRanges",
  "network_name",
  "enable_overlapping_ranges",
  "addresses",
  "strategy",
  "index",
  "x",
])("a value of %s that is nested without end, or very long, is refused at once", (name) => {
  const values = [DEEP, { [name]: DEEP }, [DEEP], [[DEEP]], "x".repeat(1_000_000), LONG, [LONG], [[LONG]]];
  const besides = [{}, { subnet: "10.0.0.0/24" }, { range: "10.0.0.0/24" }];
  for (const ipam of values.flatMap((value) => besides.map((beside) => ({ ...beside, [name]: value })))) {
    const before = performance.now();
    const outcome = attempt(() => readTestSection(ipam));
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(outcome).toBeInstanceOf(IpamError);
    expect((outcome as IpamError).message).toMatch(/^.{1,500}$/);
  }
});

test("a thousand ranges are read in no time", () => {
  const ranges = Array.from({ length: 1_000 }, (_, n) => [{ subnet: `10.${n >> 8}.${n & 255}.0/24` }]);
  const before = performance.now();
  expect(readTestSection({ ranges }).request.choice).toMatchObject({ kind: "inline", sets: { length: 1_000 } });
  expect(performance.now() - before).toBeLessThan(1_000);
});

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error("not even an error", { cause: error });
  }
}
