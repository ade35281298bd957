import { INLINE_LABEL, IPPoolSchema, type PoolRange } from "@cluster-ipam/api";
import { describe, expect, test } from "vitest";
import { checkInlinePool, inlinePool } from "./inline-pool.ts";

const V4: PoolRange = { subnet: "172.16.1.0/24", start: "172.16.1.200", end: "172.16.1.246", assign: "Any" };
const OTHER_V4: PoolRange = { subnet: "172.16.2.0/24", assign: "Any" };
const V6: PoolRange = { subnet: "fd00::/64", gateway: "fd00::1", exclude: ["fd00::5", "fd00::6"], assign: "Any" };

function nameOf(network: string, ranges: readonly PoolRange[], addressSpace = ""): string {
  return inlinePool(network, ranges, addressSpace).metadata.name;
}

describe("the name of an inline pool", () => {
  test("is the network's slug and a hash, the same on every node", () => {
    expect(nameOf("macvlan-conf", [V4])).toMatch(/^macvlan-conf-[0-9a-f]{10}$/);
    expect(nameOf("macvlan-conf", [V4])).toBe(nameOf("macvlan-conf", [{ ...V4 }]));
  });

  test("does not depend on the order of ranges and exclusions", () => {
    expect(nameOf("lan", [V4, OTHER_V4])).toBe(nameOf("lan", [OTHER_V4, V4]));
    expect(nameOf("lan", [V6])).toBe(nameOf("lan", [{ ...V6, exclude: ["fd00::6", "fd00::5"] }]));
  });

  test.each<readonly [string, readonly PoolRange[], string]>([
    ["subnet", [{ ...V4, subnet: "172.16.0.0/16" }], ""],
    ["start", [{ ...V4, start: "172.16.1.201" }], ""],
    ["end", [{ ...V4, end: "172.16.1.245" }], ""],
    ["gateway", [{ ...V4, gateway: "172.16.1.1" }], ""],
    ["exclusions", [{ ...V4, exclude: ["172.16.1.210"] }], ""],
    ["number of ranges", [V4, OTHER_V4], ""],
    ["address space", [V4], "blue"],
  ])("differs where the %s differs", (_, ranges, addressSpace) => {
    expect(nameOf("lan", ranges, addressSpace)).not.toBe(nameOf("lan", [V4]));
  });

  test.each([
    ["Macvlan_Conf.1", "macvlan-conf-1"],
    ["9.Net-", "9-net"],
    ["___", "network"],
    [`${"a".repeat(49)}.${"b".repeat(60)}`, "a".repeat(49)],
    ["x".repeat(200), "x".repeat(50)],
  ])("is a DNS label for network %s", (network, slug) => {
    const name = nameOf(network, [V6]);
    expect(name.slice(0, -11)).toBe(slug);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });
});

test("an inline pool is labelled as one and is what the definition allows", () => {
  const pool = inlinePool("lan", [V4, V6], "blue");
  expect(pool.metadata.labels).toEqual({ [INLINE_LABEL]: "true" });
  expect(IPPoolSchema.parse(pool)).toEqual(pool);
  expect(pool.spec).toMatchObject({ ranges: [V4, V6], addressSpace: "blue", strategy: "Spread" });
});

test("blocks of its ranges are a part of the pool and of its name, and no blocks leave the name as it was", () => {
  const blocks = inlinePool("lan", [V4], "", { prefixLength: 28 });
  expect(blocks.spec.nodeBlocks).toEqual({ prefixLength: 28 });
  const others = [inlinePool("lan", [V4], ""), inlinePool("lan", [V4], "", { prefixLength: 29 })];
  expect(others.map(({ metadata }) => metadata.name)).not.toContain(blocks.metadata.name);
  expect(inlinePool("lan", [OTHER_V4], "").metadata.name).toBe("lan-cf3e58071c");
});

describe("the pool that is there already", () => {
  const draft = inlinePool("lan", [V4, OTHER_V4], "");

  test("is the one asked for, whatever order its ranges have and what status it got", () => {
    const found = { ...draft, spec: { ...draft.spec, ranges: [OTHER_V4, V4], coolDownSeconds: 0 } };
    expect(() => checkInlinePool(draft, found)).not.toThrow();
  });

  test.each([
    ["a range was added", { ranges: [V4, OTHER_V4, V6] }],
    ["a range was narrowed", { ranges: [{ ...V4, start: "172.16.1.240" }, OTHER_V4] }],
    ["the address space is another", { addressSpace: "blue" }],
    ["it has blocks", { nodeBlocks: { prefixLength: 28 } }],
  ])("is refused when %s", (_, edit) => {
    const found = { ...draft, spec: { ...draft.spec, ...edit } };
    const message = expect.stringContaining(`pool ${draft.metadata.name} has other ranges`);
    expect(() => checkInlinePool(draft, found)).toThrow(expect.objectContaining({ code: "bad-config", message }));
  });
});
