import type { PoolRange } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { readNodeBlocks } from "./node-slice-size.ts";
import { readTestSection } from "./testing/test-section.ts";

const V4: PoolRange = { subnet: "10.0.0.0/22", assign: "Any" };
const V6: PoolRange = { subnet: "fd00::/64", assign: "Any" };

test.for([
  ["/26", V4, 26],
  ["26", V4, 26],
  ["/22", V4, 22],
  ["/32", V4, 32],
  ["/80", V6, 80],
] as const)("%s of %j is a block of /%i", ([value, range, prefixLength]) => {
  expect(readNodeBlocks({ node_slice_size: value }, [[range]], "Spread")).toEqual({ prefixLength });
});

test.for([[{}], [{ node_slice_size: "" }]] as const)("%j asks for no blocks", ([section]) => {
  expect(readNodeBlocks(section, [[V4]], "Spread")).toBeUndefined();
});

test.for([
  ["/21", [[V4]], "/22 to /32, to cut 10.0.0.0/22 into"],
  ["/33", [[V4]], "/22 to /32"],
  ["/64", [[V4], [V6]], "to cut 10.0.0.0/22 into"],
  ["/26", [[V4], [V6]], "/64 to /128, to cut fd00::/64 into"],
  ["/0", [[V4]], 'a prefix length such as "/26"'],
  ["/026", [[V4]], "a prefix length"],
  ["big", [[V4]], "a prefix length"],
  [26, [[V4]], "a prefix length"],
] as const)("%j for %j is refused: %s", ([value, sets, expected]) => {
  expect(() => readNodeBlocks({ node_slice_size: value }, sets, "Spread")).toThrow(
    expect.objectContaining({
      code: "bad-config",
      message: expect.stringContaining(`ipam.node_slice_size is ${JSON.stringify(value)}`),
    }),
  );
  expect(() => readNodeBlocks({ node_slice_size: value }, sets, "Spread")).toThrow(expected);
});

test("beside strategy Index it is refused", () => {
  expect(() => readNodeBlocks({ node_slice_size: "/26" }, [[V4]], "Index")).toThrow("keep one");
});

test.for([
  [{ range: "10.0.0.0/22" }, { prefixLength: 26 }],
  [{ subnet: "10.0.0.0/22" }, { prefixLength: 26 }],
] as const)("in a section with ranges, %j, it becomes the pool's blocks", ([ranges, nodeBlocks]) => {
  const { request, ignoredKeys } = readTestSection({ ...ranges, node_slice_size: "/26" });
  expect(request.choice).toMatchObject({ kind: "inline", nodeBlocks });
  expect(ignoredKeys).toEqual([]);
});

test.for([[{ pool: "lan" }], [{}], [{ addresses: [{ address: "10.0.0.5/24" }] }]] as const)(
  "in a section without ranges, %j, it means nothing, and the log is told",
  ([section]) => {
    expect(readTestSection({ ...section, node_slice_size: "/26" }).ignoredKeys).toEqual(["node_slice_size"]);
  },
);
