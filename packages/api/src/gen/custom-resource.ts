import type * as z from "zod";
import { API_GROUP } from "../group.ts";
import type { SchemaNode } from "./assert-structural.ts";
import { structuralSchema } from "./structural-schema.ts";

/** One column of `kubectl get`; priority 1 is for `-o wide`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date" | "integer";
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

/** What a custom resource definition says beside the schema. All of ours are cluster-scoped. */
export interface CustomResource {
  readonly kind: string;
  readonly singular: string;
  readonly plural: string;
  readonly shortName: string;
  /** Schema of the whole object. */
  readonly schema: z.ZodObject;
  readonly columns: readonly PrinterColumn[];
  /** JSON paths that field selectors may use. */
  readonly selectableFields: readonly string[];
  /** Whether status is written through an endpoint of its own. */
  readonly hasStatus: boolean;
}

/** Fields that every object has; the API server knows what is in metadata. */
const TYPE_PROPERTIES: SchemaNode = {
  apiVersion: { description: "Group and version of this object's schema.", type: "string" },
  kind: { description: "Kind of this object.", type: "string" },
  // The name stands here for the rules that speak of it.
  metadata: { type: "object", properties: { name: { type: "string" } } },
};

/** The custom resource definition of a resource, with one version, served and stored. */
export function customResourceDefinition(resource: CustomResource): SchemaNode {
  const { kind, singular, plural, shortName } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: "Cluster",
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: ["cluster-ipam"] },
      versions: [definitionVersion(resource)],
    },
  };
}

function definitionVersion({ schema, columns, selectableFields, hasStatus }: CustomResource): SchemaNode {
  return {
    name: "v1alpha1",
    served: true,
    storage: true,
    ...(hasStatus && { subresources: { status: {} } }),
    ...(selectableFields.length > 0 && { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: objectSchema(schema) },
  };
}

function objectSchema(schema: z.ZodObject): SchemaNode {
  const node = structuralSchema(schema);
  const { spec, status } = node["properties"] as SchemaNode;
  return {
    ...node,
    properties: { ...TYPE_PROPERTIES, spec, ...(status !== undefined && { status }) },
    required: ["spec"],
  };
}
