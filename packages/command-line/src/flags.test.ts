import { expect, test } from "vitest";
import * as z from "zod";
import { absolutePath, oneOf, readAs } from "./flag-value.ts";
import { parseFlags } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

const OPTIONS = {
  name: { type: "string" },
  folder: { type: "string", default: "/var/lib" },
  mode: { type: "string", default: "on" },
  count: { type: "string" },
} as const;

const SCHEMA = z.object({
  name: z.string("expected a name").min(1, "expected a name"),
  folder: absolutePath,
  mode: oneOf(["on", "off"]),
  count: readAs((text) => (/^\d+$/.test(text) ? Number(text) : undefined), "expected a number").optional(),
});

function parse(...args: readonly string[]): z.output<typeof SCHEMA> {
  return parseFlags(args, OPTIONS, SCHEMA);
}

test("flags are read with their value behind them or behind an equals sign, and are else what they are by default", () => {
  expect(parse("--name", "n1")).toEqual({ name: "n1", folder: "/var/lib", mode: "on" });
  expect(parse("--name=n1", "--folder=/d", "--mode", "off", "--count=0")).toEqual({
    name: "n1",
    folder: "/d",
    mode: "off",
    count: 0,
  });
});

test.each([
  [[], "--name is missing: expected a name"],
  [["--name="], '--name is "": expected a name'],
  [["--name=n1", "--folder", "d"], '--folder is "d": expected an absolute path'],
  [["--name=n1", "--mode=ON"], '--mode is "ON": expected one of on, off'],
  [["--name=n1", "--count=x"], '--count is "x": expected a number'],
])("%j is refused with the flag, its value and what is expected", (args, message) => {
  expect(() => parse(...args)).toThrow(new UsageError(message));
});

test.each([
  [["--name=n1", "--shout"], "--shout"],
  [["--name=n1", "loud"], "loud"],
  [["--name"], "--name"],
])("%j is refused, since it is not made of flags with values", (args, what) => {
  expect(() => parse(...args)).toThrow(UsageError);
  expect(() => parse(...args)).toThrow(what);
});
