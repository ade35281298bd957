import type { PodNumber } from "@cluster-ipam/allocator";
import { describe, expect, test } from "vitest";
import { podNumberOf } from "./pod-number.ts";

function numberOf(name: string, pattern?: string): PodNumber {
  return podNumberOf({ podNumber: undefined, pod: { namespace: "shop", name, uid: "u1" } }, pattern);
}

test.each([
  ["web-0", 0n],
  ["web-12", 12n],
  ["my-index3-pod", 3n],
  ["web-index7-4", 7n],
  ["index2-index5", 2n],
  ["web-007", 7n],
  ["web-340282366920938463463374607431768211455", 2n ** 128n - 1n],
])("the number of pod %s is %d, and its source names the pod", (name, expected) => {
  expect(numberOf(name)).toEqual({ value: expected, source: `the name of pod shop/${name}` });
});

test("a pattern stands in place of the usual places", () => {
  expect(numberOf("rack4-index3-0", "rack([0-9]+)").value).toBe(4n);
  expect(() => numberOf("web-index3-0", "rack([0-9]+)")).toThrow(
    "expected one that matches rack([0-9]+), or ipam.index",
  );
});

test("ipam.index stands before the name and before the pattern, and needs no pod", () => {
  const pod = { namespace: "shop", name: "web-3", uid: "" };
  expect(podNumberOf({ podNumber: 9n, pod }, "web-([0-9]+)")).toEqual({ value: 9n, source: "ipam.index" });
  expect(podNumberOf({ podNumber: 0n, pod: undefined }, undefined).value).toBe(0n);
});

describe("refused, as bad-index, is", () => {
  test.each([
    ["web", undefined, "index([0-9]+) or -([0-9]+)$"],
    ["web-7d9f8b-x2k4p", undefined, "index([0-9]+) or -([0-9]+)$"],
    ["index-x", undefined, "index([0-9]+) or -([0-9]+)$"],
    ["web-3", "([a-z]+)", "([a-z]+)"],
    ["web-3", "web-[0-9]+()", "web-[0-9]+()"],
  ])("pod %s with pattern %s, by pod name and pattern", (name, pattern, shown) => {
    const message = `the name of pod shop/${name} holds no index: expected one that matches ${shown}, or ipam.index`;
    expect(() => numberOf(name, pattern)).toThrow(expect.objectContaining({ code: "bad-index", message }));
  });

  test("a call without a pod, with what is missing", () => {
    const asking = (): PodNumber => podNumberOf({ podNumber: undefined, pod: undefined }, undefined);
    expect(asking).toThrow(expect.objectContaining({ code: "bad-index" }));
    expect(asking).toThrow("K8S_POD_NAME");
  });
});
