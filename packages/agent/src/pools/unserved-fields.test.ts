import type { IPPoolSpec } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { poolOf } from "../testing/objects.ts";
import { refuseUnserved } from "./unserved-fields.ts";

test.each([
  [{ strategy: "Sequential" }],
  [{ strategy: "Index", index: { base: "Node", pattern: "n([0-9]+)" } }],
] as const)("a pool with %j passes", (spec) => {
  expect(() => refuseUnserved(poolOf("lan", ["10.0.0.0/24"], spec))).not.toThrow();
});

test("a pool with nothing but what the agent serves passes, defaults spelled out included", () => {
  expect(() => refuseUnserved(poolOf("lan", ["10.0.0.0/24"], { retain: { policy: "None" } }))).not.toThrow();
});

const UNSERVED: readonly (readonly [string, Partial<IPPoolSpec>, string])[] = [
  ["nodeBlocks", { nodeBlocks: { prefixLength: 28 } }, 'spec.nodeBlocks is {"prefixLength":28}'],
];

test.each(UNSERVED)("a pool with %s is refused, with pool, field and value named", (_, spec, fragment) => {
  const refusal = expect.objectContaining({
    code: "bad-config",
    message: expect.stringContaining(`pool lan: ${fragment}`),
  });
  expect(() => refuseUnserved(poolOf("lan", ["10.0.0.0/24"], spec))).toThrow(refusal);
});
