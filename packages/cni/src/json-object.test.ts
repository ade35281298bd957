import { expect, test } from "vitest";
import { isObject, lookup, show } from "./json-object.ts";

test.for([
  ["the exact spelling", '{"rangeStart":1}', 1],
  ["another letter case", '{"rangestart":1}', 1],
  ["capitals", '{"RANGESTART":1}', 1],
  ["the exact spelling before a later other one", '{"rangeStart":1,"RangeStart":2}', 1],
  ["the last of several other spellings", '{"RANGESTART":1,"rangestart":2}', 2],
  ["a value that is false", '{"rangestart":false}', false],
  ["null as absent", '{"rangeStart":null}', undefined],
  ["nothing under another key", '{"rangeEnd":1}', undefined],
] as const)("lookup finds %s", ([, text, expected]) => {
  expect(lookup(JSON.parse(text), "rangeStart")).toBe(expected);
});

test("lookup does not see what every object inherits", () => {
  expect(lookup({}, "constructor")).toBeUndefined();
  expect(lookup(JSON.parse('{"__proto__":{"name":"n"}}'), "name")).toBeUndefined();
});

test.for([
  [{}, true],
  [[], false],
  [null, false],
  ["{}", false],
  [0, false],
] as const)("whether %j is an object: %s", ([value, expected]) => {
  expect(isObject(value)).toBe(expected);
});

test("show quotes text and cuts long text", () => {
  expect(show('a"b')).toBe('"a\\"b"');
  expect(show("x".repeat(1000))).toHaveLength(83);
});

test("show names the kind of lists and objects, however deep", () => {
  expect(show([[[]]])).toBe("a list");
  expect(show({ a: {} })).toBe("an object");
  expect(show(null)).toBe("null");
  expect(show(undefined)).toBe("nothing");
});
