import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonBreak } from "./json-break.ts";

test.for([
  ["", 0],
  ["   ", 3],
  ["nope", 0],
  ["{", 1],
  ['{"a":1', 6],
  ['{"a":1,}', 7],
  ["{a:1}", 1],
  ["{'a':1}", 1],
  ['{"a" 1}', 5],
  ['{"a":}', 5],
  ['{"a":1 "b":2}', 7],
  ['{"a":1]', 6],
  ["[1,]", 3],
  ["[1}", 2],
  ["[1 2]", 3],
  ["[,1]", 1],
  ['{"a":1} x', 8],
  ['{"a":1}}', 7],
  ['"abc', 4],
  ['"a\nb"', 2],
  ['"a\\xb"', 2],
  ['"a\\u12g4"', 2],
  ["01", 1],
  ["1.", 1],
  ["-", 0],
  ["+1", 0],
  ["NaN", 0],
  ['{"a":tru}', 5],
  ['\ufeff{"a":1}', 0],
  ["// no comments", 0],
  ['{"a":\u00a01}', 5],
] as const)("%j breaks at %i", ([text, offset]) => {
  expect(findJsonBreak(text)).toBe(offset);
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
});

test.for(["{}", " [ ] ", '{"a":[1,-2.5e+3,{"b":null}],"c":"\\u00e9\\n\\\\"}', '"é😀"', "true", "-0"])(
  "%j does not break",
  (text) => {
    expect(findJsonBreak(text)).toBe(-1);
  },
);

test("depth does not exhaust the stack", () => {
  expect(findJsonBreak("[".repeat(1_000_000))).toBe(1_000_000);
});

test("it never disagrees with JSON.parse on text that is nearly JSON", () => {
  const characters = '{}[],:"\\ \n0123456789.-+eEu\u00e9\u0000'.split("");
  const fragment = fc.constantFrom(...characters, "true", "null", "fals", '"a"', "\\u00e9");
  const nearly = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(fc.property(nearly, agreesWithParse), { numRuns: 20_000 });
});

test("it never disagrees with JSON.parse on JSON with one character changed", () => {
  const damaged = fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 1 })).map(([text, at, character]) => {
    const place = at % text.length;
    return text.slice(0, place) + character + text.slice(place + 1);
  });
  fc.assert(fc.property(damaged, agreesWithParse), { numRuns: 5000 });
});

function agreesWithParse(text: string): void {
  const offset = findJsonBreak(text);
  expect(offset === -1).toBe(parses(text));
  expect(offset).toBeLessThanOrEqual(text.length);
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
