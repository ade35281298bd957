import { describe, expect, it } from "vitest";
import { parseStatus } from "./kube-status.ts";

describe("parseStatus", () => {
  it("reads reason, sentence and fields", () => {
    const body = JSON.stringify({
      kind: "Status",
      reason: "Invalid",
      message: "it is invalid",
      details: { causes: [{ field: "spec.address" }, { message: "no field" }, { field: "metadata.name" }] },
    });
    expect(parseStatus(body)).toEqual({
      reason: "Invalid",
      message: "it is invalid",
      fields: ["spec.address", "metadata.name"],
    });
  });

  it.each([
    ["a text", "404 page not found\n", "404 page not found"],
    ["an object of another kind", '{"kind":"IPLease"}', '{"kind":"IPLease"}'],
    ["a JSON null", "null", "null"],
    ["a Status that is cut off", '{"kind":"Status","mess', '{"kind":"Status","mess'],
    ["nothing", "", ""],
    ["a long page", "x".repeat(10_000), "x".repeat(200)],
  ])("gives the text of %s", (_title, body, message) => {
    expect(parseStatus(body)).toEqual({ reason: "", message, fields: [] });
  });

  it.each([[undefined], [null], ["text"], [{ causes: "text" }], [{ causes: [null, 1] }]])(
    "takes details %j for none",
    (details) => {
      const body = JSON.stringify({ kind: "Status", message: 1, details });
      expect(parseStatus(body)).toEqual({ reason: "", message: "", fields: [] });
    },
  );
});
