import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareVersions } from "./resource-version.ts";

describe("compareVersions", () => {
  it("orders whole numbers of any size", () => {
    const version = fc.bigInt({ min: 0n, max: 2n ** 80n });
    fc.assert(
      fc.property(version, version, (a, b) => {
        const expected = a === b ? 0 : a < b ? -1 : 1;
        expect(Math.sign(compareVersions(String(a), String(b)) ?? Number.NaN)).toBe(expected);
      }),
    );
  });

  it.each([
    ["1", "a"],
    ["v1", "v2"],
    ["01", "1"],
    ["", "1"],
    ["-1", "1"],
    ["1.5", "2"],
  ])("does not compare %j with %j", (a, b) => {
    expect(compareVersions(a, b)).toBeUndefined();
  });

  it("knows what is the same, whatever it is", () => {
    expect(compareVersions("a", "a")).toBe(0);
  });
});
