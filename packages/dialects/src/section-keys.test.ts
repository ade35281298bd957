import { expect, test } from "vitest";
import { type KnownKeys, normalizeKeys } from "./section-keys.ts";

const KNOWN: KnownKeys = {
  used: ["pool", "pools", "subnet", "rangeStart", "rangeEnd", "gateway", "dns", "gw"],
  ignored: ["dataDir"],
};

test("keys are taken in any letter case and spelled as documented", () => {
  const { values } = normalizeKeys({ SUBNET: "a", rangestart: "b", RangeEnd: "c", gateway: "d" }, "ipam", KNOWN);
  expect(values).toEqual({ subnet: "a", rangeStart: "b", rangeEnd: "c", gateway: "d" });
});

test("keys without a meaning here are told apart, in their documented spelling", () => {
  const { values, ignoredKeys } = normalizeKeys({ DATADIR: "/run", subnet: "a" }, "ipam", KNOWN);
  expect(values).toEqual({ subnet: "a" });
  expect(ignoredKeys).toEqual(["dataDir"]);
});

test("null is absent, as it is to Go", () => {
  const { values, ignoredKeys } = normalizeKeys({ subnet: null, dataDir: null, gateway: "" }, "ipam", KNOWN);
  expect(values).toEqual({ gateway: "" });
  expect(ignoredKeys).toEqual([]);
});

test.for([
  ["subent", "subnet"],
  ["Sub_net", "subnet"],
  ["range_start", "rangeStart"],
  ["rangStart", "rangeStart"],
  ["gatway", "gateway"],
  ["gateways", "gateway"],
  ["dsn", "dns"],
  ["data_dir", "dataDir"],
  ["poolss", "pools"],
] as const)("%s is unknown: did you mean %s?", ([written, nearest]) => {
  expect(() => normalizeKeys({ [written]: 1 }, "ipam", KNOWN)).toThrow(
    expect.objectContaining({
      code: "bad-config",
      message: `ipam has the unknown key "${written}": did you mean "${nearest}"?`,
    }),
  );
});

test.for(["to", "x", "", "mode", "completelyDifferent", "__proto__", "toString", "x".repeat(190)])(
  "%s is near to no key: all that mean something are listed",
  (written) => {
    const section = Object.fromEntries([[written, 1]]);
    expect(() => normalizeKeys(section, "ipam.ranges[0][1]", KNOWN)).toThrow(
      /^ipam\.ranges\[0\]\[1\] has the unknown key ".*: known keys: pool, pools, subnet, rangeStart, rangeEnd, gateway, dns, gw$/,
    );
  },
);

test("a key as long as a megabyte neither takes long nor fills the message", () => {
  const section = { ["subnet".repeat(200_000)]: 1 };
  expect(() => normalizeKeys(section, "ipam", KNOWN)).toThrow(/^.{1,250}$/);
});

test.for([
  [{ subnet: "a", Subnet: "b" }, "subnet"],
  [{ rangestart: "a", rangeStart: "a" }, "rangeStart"],
  [{ subnet: null, SUBNET: "b" }, "subnet"],
  [{ datadir: "a", dataDir: "b" }, "dataDir"],
] as const)("%o has one key in two spellings", ([section, key]) => {
  expect(() => normalizeKeys(section, "ipam", KNOWN)).toThrow(
    `ipam has the key "${key}" twice, in different letter case: keep one`,
  );
});
