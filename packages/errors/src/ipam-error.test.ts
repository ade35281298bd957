import { expect, test } from "vitest";
import { CATALOGUE } from "./catalogue.ts";
import { IpamError } from "./ipam-error.ts";

test("an error carries its code, message and details, and its row of the catalogue", () => {
  const error = new IpamError("address-taken", "address 10.0.0.5 is held by pod a/b", { details: "seen twice" });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "IpamError", code: "address-taken", details: "seen twice", retryable: true });
  expect(error.message).toBe("address 10.0.0.5 is held by pod a/b");
  expect(error.entry).toBe(CATALOGUE["address-taken"]);
});

test("an error without details or a cause has neither", () => {
  const error = new IpamError("bad-config", "no");
  expect(error.details).toBe("");
  expect(error.retryable).toBe(false);
  expect("cause" in error).toBe(false);
});

test("a cause is kept, whatever it is", () => {
  expect(new IpamError("internal", "no", { cause: 0 }).cause).toBe(0);
});

test("an IpamError is taken as it is", () => {
  const error = new IpamError("no-pool", "none");
  expect(IpamError.from(error)).toBe(error);
});

test.for([
  [new TypeError("x is undefined"), "unexpected error: x is undefined"],
  ["text", "unexpected error: text"],
  [undefined, "unexpected error: undefined"],
  [null, "unexpected error: null"],
  [Object.create(null), "unexpected error: [object Object]"],
  [{ toString: 1 }, "unexpected error: [object Object]"],
] as const)("%o becomes an internal error that wraps it", ([cause, message]) => {
  const error = IpamError.from(cause);
  expect(error).toMatchObject({ code: "internal", message });
  expect(error.cause).toBe(cause);
});
