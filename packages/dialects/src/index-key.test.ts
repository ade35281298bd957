import { expect, test } from "vitest";
import { readIndexKey, readInlineStrategy, readPodNumber } from "./index-key.ts";

test.for([
  [{}, { strategy: "Spread", index: undefined, podNumber: undefined }],
  [{ strategy: "" }, { strategy: "Spread", index: undefined, podNumber: undefined }],
  [{ strategy: "spread" }, { strategy: "Spread", index: undefined, podNumber: undefined }],
  [{ strategy: "SEQUENTIAL" }, { strategy: "Sequential", index: undefined, podNumber: undefined }],
  [{ strategy: "inDex" }, { strategy: "Index", index: undefined, podNumber: undefined }],
  [{ index: 0 }, { strategy: "Index", index: undefined, podNumber: 0n }],
  [
    { strategy: "Index", index: 7 },
    { strategy: "Index", index: undefined, podNumber: 7n },
  ],
  [{ index: {} }, { strategy: "Index", index: { base: "Start" }, podNumber: undefined }],
  [{ index: { Base: "Node", pattern: null } }, { strategy: "Index", index: { base: "Node" }, podNumber: undefined }],
  [
    { index: { pattern: "web-([0-9]+)" } },
    { strategy: "Index", index: { base: "Start", pattern: "web-([0-9]+)" }, podNumber: undefined },
  ],
] as const)("beside ranges %o chooses by %o", ([section, expected]) => {
  expect(readInlineStrategy(section)).toEqual(expected);
});

test.for([
  [{}, undefined],
  [{ index: 7 }, 7n],
] as const)("beside pools %o is the pod's number %s", ([section, expected]) => {
  expect(readPodNumber(section)).toBe(expected);
});

const INDEX = 'expected a whole number, or an object such as {"base": "node", "pattern": "web-([0-9]+)"}';
const BASE = 'expected "node", "cmdline" or an address with its prefix length, such as 10.0.0.5/24';
const PATTERN = "expected a regular expression with one group for the number, such as web-([0-9]+)";

test.for([
  ["3", `ipam.index is "3": ${INDEX}`],
  ["", `ipam.index is "": ${INDEX}`],
  [1.5, `ipam.index is 1.5: ${INDEX}`],
  [1e21, `ipam.index is 1e+21: ${INDEX}`],
  [true, `ipam.index is true: ${INDEX}`],
  [[], `ipam.index is []: ${INDEX}`],
  [{ base: "start" }, `ipam.index.base is "start": ${BASE}`],
  [{ base: "10.0.0.5" }, `ipam.index.base is "10.0.0.5": ${BASE}`],
  [{ base: 5 }, `ipam.index.base is 5: ${BASE}`],
  [{ pattern: "web-[0-9]+" }, `ipam.index.pattern is "web-[0-9]+": ${PATTERN}`],
  [{ pattern: "web-(?:[0-9]+)" }, `ipam.index.pattern is "web-(?:[0-9]+)": ${PATTERN}`],
  [{ pattern: "web-([0-9)" }, `ipam.index.pattern is "web-([0-9)": ${PATTERN}`],
  [{ pattern: "" }, `ipam.index.pattern is "": ${PATTERN}`],
  [{ pattern: 5 }, `ipam.index.pattern is 5: ${PATTERN}`],
  [{ pattern: `(${"x".repeat(127)})` }, "expected at most 128 characters"],
  [{ patern: "([0-9]+)" }, 'ipam.index has the unknown key "patern": did you mean "pattern"?'],
] as const)("index %j is refused", ([index, message]) => {
  expect(() => readIndexKey(index)).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringContaining(message) }),
  );
});

test.for([
  [{ strategy: "fastest" }, 'ipam.strategy is "fastest": expected Spread, Sequential or Index'],
  [{ strategy: 1 }, "ipam.strategy is 1: expected Spread, Sequential or Index"],
  [{ strategy: "spread", index: 3 }, "ipam.index and ipam.strategy Spread choose addresses in two ways: keep one"],
  [{ index: -1 }, "ipam.index is -1: expected 0 or more"],
  [
    { index: { base: "cmdline" } },
    'ipam.index.base is cmdline, and the section has ranges: expected "node", or no base to count from their start',
  ],
  [
    { index: { base: "10.0.0.5/24" } },
    'ipam.index.base is an address, and the section has ranges: expected "node", or no base to count from their start',
  ],
] as const)("beside ranges %j is refused", ([section, message]) => {
  expect(() => readInlineStrategy(section)).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test("beside pools a rule is refused: it is the pool's own", () => {
  expect(() => readPodNumber({ index: { base: "node" } })).toThrow(
    'ipam.index is {"base":"node"}: expected a number; base and pattern are spec.index of the IPPool',
  );
  expect(() => readPodNumber({ index: -5 })).toThrow("ipam.index is -5: expected 0 or more");
});
