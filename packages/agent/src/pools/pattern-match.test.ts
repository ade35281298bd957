import { Script } from "node:vm";
import { expect, test, vi } from "vitest";
import { firstGroup } from "./pattern-match.ts";

test.each([
  ["node([0-9]+)", "web-node12-x", "12"],
  ["^([a-z]+)-", "web-1", "web"],
  ["(?<number>[0-9]+)$", "web-7", "7"],
  ["index([0-9]+)", "web-0", undefined],
  ["(x)?web", "web", undefined],
])("the first group of %s in %s is %s", (pattern, text, expected) => {
  expect(firstGroup(pattern, text)).toBe(expected);
});

test("what is no regular expression is refused with its text and what is wrong with it", () => {
  const message = expect.stringMatching(/^index\.pattern is "\(\[0-9\]": .*Unterminated/);
  expect(() => firstGroup("([0-9]", "web-0")).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test("a pattern that backtracks without end is stopped, and the next one is served", () => {
  const name = "a".repeat(253);
  const message = expect.stringContaining('index.pattern is "(a+)+([0-9])": it takes too long');
  expect(() => firstGroup("(a+)+([0-9])", name)).toThrow(expect.objectContaining({ code: "bad-config", message }));
  expect(firstGroup("(a)$", name)).toBe("a");
});

test.each([
  ["index([0-9]+)", "web-index7", "7"],
  ["-([0-9]+)$", "web-12", "12"],
])(
  "%s, which cannot backtrack without end, is not timed: a busy machine is no fault of the pattern",
  (pattern, text, expected) => {
    const timed = vi.spyOn(Script.prototype, "runInContext").mockImplementation(() => {
      throw new Error("Script execution timed out after 50ms");
    });
    expect(firstGroup(pattern, text)).toBe(expected);
    timed.mockRestore();
  },
);
