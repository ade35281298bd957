/** A node of an OpenAPI v3 schema. */
export type SchemaNode = Record<string, unknown>;

const TYPES = new Set(["array", "boolean", "integer", "number", "object", "string"]);

/** What may stand in a node beside the nodes below it, of those that Kubernetes knows. */
const VALUE_KEYWORDS = new Set([
  "default",
  "description",
  "enum",
  "format",
  "maxItems",
  "maxLength",
  "maxProperties",
  "maximum",
  "minItems",
  "minLength",
  "minProperties",
  "minimum",
  "pattern",
  "required",
  "type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
]);
const NODE_KEYWORDS = new Set(["additionalProperties", "items", "properties"]);

/**
 * Checks that a schema is structural: every node has one type, and nothing but keywords that Kubernetes keeps.
 *
 * @throws Error that names the place and what is wrong there
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function assertStructural(schema: SchemaNode, path = "schema"): void {
  for (const keyword of Object.keys(schema)) {
    if (VALUE_KEYWORDS.has(keyword) || NODE_KEYWORDS.has(keyword)) continue;
    throw new Error(`${path} has the keyword ${keyword}, which is not structural`);
  }
  const { type } = schema;
  if (typeof type !== "string" || !TYPES.has(type)) throw new Error(`${path} has no type`);
  for (const [name, child] of childrenOf(schema, path)) {
    const place = `${path}.${name}`;
    if (typeof child !== "object" || child === null) throw new Error(`${place} is not a schema`);
    assertStructural(child as SchemaNode, place);
  }
}

function childrenOf({ type, properties, additionalProperties, items }: SchemaNode, path: string): [string, unknown][] {
  if (type === "array") return [["items", items]];
  if (type !== "object") return [];
  if (additionalProperties === undefined) return Object.entries(properties ?? {});
  if (properties === undefined) return [["*", additionalProperties]];
  throw new Error(`${path} has both properties and additionalProperties`);
}
