import { expect, test } from "vitest";
import { z } from "zod";
import { readObject, readValue, show, withoutUndefined } from "./section-value.ts";

const schema = z.object({ list: z.array(z.object({ n: z.int("expected a whole number") }), "expected a list") });

test("a value of the right form is returned", () => {
  expect(readValue(schema, { list: [{ n: 1 }] }, "ipam")).toEqual({ list: [{ n: 1 }] });
});

test.for([
  [{ list: [{ n: 1 }, { n: "x" }] }, 'ipam.list[1].n is "x": expected a whole number'],
  [{ list: [{}] }, "ipam.list[0].n is absent: expected a whole number"],
  [{ list: 5 }, "ipam.list is 5: expected a list"],
] as const)("%o is refused by key, value and what is expected", ([value, message]) => {
  expect(() => readValue(schema, value, "ipam")).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test.for([
  [[], "[]"],
  [null, "null"],
  ["text", '"text"'],
  [5, "5"],
  [undefined, "absent"],
] as const)("%o is no object", ([value, shown]) => {
  expect(() => readObject(value, "ipam.dns", "expected an object")).toThrow(`ipam.dns is ${shown}: expected an object`);
});

test("a long value is cut in a message", () => {
  expect(show("x".repeat(1_000))).toBe(`"${"x".repeat(76)}…`);
});

test("a value whose depth passes the stack has a message all the same", () => {
  const depth = 200_000;
  expect(show(JSON.parse("[".repeat(depth) + "]".repeat(depth)))).toBe("a value nested too deeply");
});

test("keys that are undefined are left out, other empty values are not", () => {
  expect(withoutUndefined({ a: undefined, b: null, c: 0, d: "" })).toEqual({ b: null, c: 0, d: "" });
});
