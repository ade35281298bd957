import { expect, test } from "vitest";
import { isSupportedVersion, versionAtLeast, versionResult, versionsWith } from "./protocol-version.ts";

test("VERSION prints the newest version and all that work", () => {
  expect(versionResult()).toBe(
    '{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}',
  );
});

test.for([
  ["0.4.0", "0.4.0", true],
  ["0.3.1", "0.4.0", false],
  ["1.0.0", "0.4.0", true],
  ["1.0.0", "1.1.0", false],
  ["0.10.0", "0.4.0", false],
  ["", "0.1.0", false],
] as const)("whether %s is at least %s: %s", ([version, minimum, expected]) => {
  expect(versionAtLeast(version, minimum)).toBe(expected);
});

test.for(["1.1", "0.5.0", "v1.0.0", "2.0.0", ""])("%j is not a supported version", (version) => {
  expect(isSupportedVersion(version)).toBe(false);
});

test("CHECK came with 0.4.0, STATUS and GC with 1.1.0", () => {
  expect(versionsWith("CHECK")).toEqual(["0.4.0", "1.0.0", "1.1.0"]);
  expect(versionsWith("STATUS")).toEqual(["1.1.0"]);
  expect(versionsWith("GC")).toEqual(["1.1.0"]);
  expect(versionsWith("DEL")).toHaveLength(7);
});
