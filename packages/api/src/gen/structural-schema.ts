import * as z from "zod";
import { assertStructural, type SchemaNode } from "./assert-structural.ts";

/** Keywords in the order in which people read them; others follow. */
const KEYWORD_ORDER = ["description", "type", "format", "default", "enum"];
/** Keywords of JSON schema that an API server refuses or that say nothing to it. */
const FOREIGN_KEYWORDS = ["$schema", "propertyNames"];

/**
 * The OpenAPI v3 schema of a zod schema in the form that a custom resource definition takes.
 *
 * Checks that zod runs in code (refine, transform) are not in it: whatever must hold needs a CEL rule in the metadata.
 *
 * @throws Error naming the place when the result is not structural, as with unions and tuples
 */
export function structuralSchema(schema: z.ZodType): SchemaNode {
  const node = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    // Fields with a default may be absent from what a user writes.
    io: "input",
    reused: "inline",
    cycles: "throw",
    override: ({ jsonSchema }) => clean(jsonSchema as SchemaNode),
  });
  const structural = ordered(node) as SchemaNode;
  assertStructural(structural);
  return structural;
}

function clean(node: SchemaNode): void {
  for (const keyword of FOREIGN_KEYWORDS) delete node[keyword];
  if (node["additionalProperties"] === false) delete node["additionalProperties"];
  if (node["type"] === "integer") cleanInteger(node);
}

/** zod bounds every integer by what a double holds exactly; the API server knows int64 by its format. */
function cleanInteger(node: SchemaNode): void {
  node["format"] = "int64";
  if (node["minimum"] === Number.MIN_SAFE_INTEGER) delete node["minimum"];
  if (node["maximum"] === Number.MAX_SAFE_INTEGER) delete node["maximum"];
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const node = value as SchemaNode;
  const first = KEYWORD_ORDER.filter((keyword) => keyword in node && typeof node["type"] === "string");
  const keys = new Set([...first, ...Object.keys(node)]);
  return Object.fromEntries([...keys].map((key) => [key, ordered(node[key])]));
}
