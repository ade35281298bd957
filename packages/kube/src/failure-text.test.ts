import { describe, expect, it } from "vitest";
import { asError, describeFailure } from "./failure-text.ts";

describe("describeFailure", () => {
  it.each([
    [new Error("connect ECONNREFUSED 10.0.0.1:6443"), "connect ECONNREFUSED 10.0.0.1:6443"],
    [
      new AggregateError([new Error("connect ECONNREFUSED ::1:1"), new Error("connect ECONNREFUSED 127.0.0.1:1")]),
      "connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1",
    ],
    [new TypeError(""), "TypeError"],
    ["text", "text"],
  ])("of %s is %s", (error, text) => {
    expect(describeFailure(error)).toBe(text);
  });
});

describe("asError", () => {
  it("keeps an Error and wraps anything else", () => {
    const error = new TypeError("x");
    expect(asError(error)).toBe(error);
    expect(asError("text").message).toBe("text");
  });
});
