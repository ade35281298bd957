import { describe, expect, test } from "vitest";
import type { Labels } from "./core-objects.ts";
import type { LabelSelector } from "./label-selector.ts";
import { formatSelector, unmetRequirements } from "./selector-match.ts";

type Operator = NonNullable<LabelSelector["matchExpressions"]>[number]["operator"];

function term(key: string, operator: Operator, ...values: readonly string[]): LabelSelector {
  return { matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }] };
}

const ROWS: readonly (readonly [string, LabelSelector, Labels, boolean])[] = [
  ["no terms, no labels", {}, {}, true],
  ["no terms, spelled out", { matchLabels: {}, matchExpressions: [] }, { a: "1" }, true],
  ["a label of that value", { matchLabels: { a: "1" } }, { a: "1", b: "2" }, true],
  ["a label of another value", { matchLabels: { a: "1" } }, { a: "2" }, false],
  ["no such label", { matchLabels: { a: "1" } }, {}, false],
  ["keys are case-sensitive", { matchLabels: { a: "1" } }, { A: "1" }, false],
  ["an empty value is a value", { matchLabels: { a: "" } }, { a: "" }, true],
  ["an absent label has no empty value", { matchLabels: { a: "" } }, {}, false],
  ["one of two labels", { matchLabels: { a: "1", b: "2" } }, { a: "1" }, false],
  ["In, the second value", term("a", "In", "1", "2"), { a: "2" }, true],
  ["In, another value", term("a", "In", "1", "2"), { a: "3" }, false],
  ["In, no such label", term("a", "In", "1", ""), {}, false],
  ["NotIn, the value", term("a", "NotIn", "1", "2"), { a: "2" }, false],
  ["NotIn, another value", term("a", "NotIn", "1"), { a: "3" }, true],
  ["NotIn, no such label", term("a", "NotIn", "1"), { b: "1" }, true],
  ["Exists, whatever the value", term("a", "Exists"), { a: "" }, true],
  ["Exists, no such label", term("a", "Exists"), { b: "1" }, false],
  ["DoesNotExist, no such label", term("a", "DoesNotExist"), { b: "1" }, true],
  ["DoesNotExist, the label", term("a", "DoesNotExist"), { a: "" }, false],
  ["labels and terms, both met", { matchLabels: { a: "1" }, ...term("b", "Exists") }, { a: "1", b: "2" }, true],
  ["labels and terms, one met", { matchLabels: { a: "1" }, ...term("b", "Exists") }, { a: "1" }, false],
  ["a key that objects inherit", term("constructor", "Exists"), {}, false],
  ["a key that objects inherit, absent", term("constructor", "DoesNotExist"), {}, true],
];

test.each(ROWS)("%s", (_, selector, labels, isMatch) => {
  expect(unmetRequirements(selector, labels).length === 0).toBe(isMatch);
});

test("what is not met is told, and nothing else", () => {
  const selector: LabelSelector = {
    matchLabels: { a: "1", b: "2" },
    matchExpressions: [
      { key: "c", operator: "Exists" },
      { key: "d", operator: "NotIn", values: ["x"] },
    ],
  };
  expect(unmetRequirements(selector, { a: "1", d: "x" })).toEqual([
    { key: "b", operator: "In", values: ["2"] },
    { key: "c", operator: "Exists", values: [] },
    { key: "d", operator: "NotIn", values: ["x"] },
  ]);
});

describe("a selector is shown as kubectl takes it", () => {
  test.each([
    [{}, ""],
    [{ matchLabels: { a: "1", b: "2" } }, "a=1,b=2"],
    [term("a", "In", "1", "2"), "a in (1,2)"],
    [term("a", "NotIn", "1"), "a notin (1)"],
    [term("a", "Exists"), "a"],
    [term("a", "DoesNotExist"), "!a"],
  ])("%j: %s", (selector, text) => {
    expect(formatSelector(selector)).toBe(text);
  });
});
