import { describe, expect, it } from "vitest";
import { assertStructural } from "./assert-structural.ts";

const TEXT = { type: "string" };

describe("assertStructural", () => {
  it("takes nested objects, arrays and maps", () => {
    const schema = {
      type: "object",
      properties: {
        list: { type: "array", items: { type: "object", properties: { name: TEXT } } },
        map: { type: "object", additionalProperties: TEXT },
        properties: TEXT,
      },
    };

    expect(() => assertStructural(schema)).not.toThrow();
  });

  it.each([
    ["a union", { anyOf: [TEXT, { type: "integer" }] }, "schema.field has the keyword anyOf"],
    ["a reference", { $ref: "#/definitions/x" }, "schema.field has the keyword $ref"],
    ["a constant", { type: "string", const: "x" }, "schema.field has the keyword const"],
    ["no type", { description: "?" }, "schema.field has no type"],
    ["a type of JSON schema alone", { type: "null" }, "schema.field has no type"],
    ["an array of anything", { type: "array" }, "schema.field.items is not a schema"],
    ["a tuple", { type: "array", items: [TEXT] }, "schema.field.items has the keyword 0"],
    ["an open map", { type: "object", additionalProperties: true }, "schema.field.* is not a schema"],
    ["a closed object", { type: "object", additionalProperties: false }, "schema.field.* is not a schema"],
    [
      "properties beside a map",
      { type: "object", properties: { a: TEXT }, additionalProperties: TEXT },
      "schema.field has both properties and additionalProperties",
    ],
    [
      "a fault further down",
      { type: "object", properties: { deep: { oneOf: [] } } },
      "schema.field.deep has the keyword",
    ],
  ])("refuses %s and names the place", (_what, field, message) => {
    expect(() => assertStructural({ type: "object", properties: { field } })).toThrow(message);
  });
});
