import { describe, expect, it } from "vitest";
import * as z from "zod";
import { structuralSchema } from "./structural-schema.ts";

describe("structuralSchema", () => {
  it("leaves out the bounds of a JavaScript integer and keeps those that were set", () => {
    expect(structuralSchema(z.int())).toEqual({ type: "integer", format: "int64" });
    expect(structuralSchema(z.int().min(0).max(128))).toEqual({
      type: "integer",
      format: "int64",
      minimum: 0,
      maximum: 128,
    });
  });

  it("lets a field with a default be absent", () => {
    expect(
      structuralSchema(z.object({ a: z.string().default("x"), b: z.string(), c: z.string().exactOptional() })),
    ).toEqual({
      type: "object",
      properties: { a: { type: "string", default: "x" }, b: { type: "string" }, c: { type: "string" } },
      required: ["b"],
    });
  });

  it("hands rules and descriptions through", () => {
    const rules = [{ rule: "self > 0", message: "must be positive" }];
    const schema = z.int().meta({ description: "A number.", "x-kubernetes-validations": rules });

    expect(structuralSchema(schema)).toMatchObject({ description: "A number.", "x-kubernetes-validations": rules });
  });

  it("writes maps without JSON schema's propertyNames, and strict objects without their prohibition", () => {
    expect(structuralSchema(z.record(z.string(), z.string()))).toEqual({
      type: "object",
      additionalProperties: { type: "string" },
    });
    expect(structuralSchema(z.strictObject({ a: z.boolean() }))).toEqual({
      type: "object",
      properties: { a: { type: "boolean" } },
      required: ["a"],
    });
  });

  it.each([
    ["unions", z.union([z.string(), z.int()])],
    ["tuples", z.tuple([z.string(), z.string()])],
    ["anything", z.unknown()],
    ["nullable fields", z.string().nullable()],
  ])("refuses %s, which a custom resource definition cannot hold", (_what, field) => {
    expect(() => structuralSchema(z.object({ field }))).toThrow(/schema\.field/);
  });
});
