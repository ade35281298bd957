import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { assertStructural, type SchemaNode } from "./assert-structural.ts";
import { definitionFiles } from "./definition-files.ts";

const FOLDER = join(import.meta.dirname, "../../../../crds");

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly scope: string;
    readonly names: { readonly shortNames: readonly string[] };
    readonly versions: readonly [
      {
        readonly selectableFields?: readonly { readonly jsonPath: string }[];
        readonly subresources?: SchemaNode;
        readonly additionalPrinterColumns: readonly { readonly name: string; readonly jsonPath: string }[];
        readonly schema: { readonly openAPIV3Schema: SchemaNode };
      },
    ];
  };
}

function definition(plural: string): Definition {
  return parse(definitionFiles().get(`cluster-ipam.io_${plural}.yaml`) ?? "") as Definition;
}

/** Every node of a schema with the path to it. */
function nodesOf(node: SchemaNode, path: string): [string, SchemaNode][] {
  const { properties, items, additionalProperties } = node as Record<string, Record<string, SchemaNode> | undefined>;
  const children = Object.entries({
    ...properties,
    ...(items && { "[]": items }),
    ...(additionalProperties && { "*": additionalProperties }),
  });
  return [[path, node], ...children.flatMap(([name, child]) => nodesOf(child as SchemaNode, `${path}.${name}`))];
}

function specNodes(plural: string): [string, SchemaNode][] {
  const [version] = definition(plural).spec.versions;
  const { spec } = version.schema.openAPIV3Schema["properties"] as Record<string, SchemaNode>;
  return nodesOf(spec as SchemaNode, "spec");
}

describe("the checked-in definitions", () => {
  it("are what the generator writes, no file more and none less", () => {
    const there = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), "utf8")] as const));

    expect(there).toEqual(definitionFiles());
  });
});

describe.each(["ipleases", "ippools", "ipblocks"])("the definition of %s", (plural) => {
  it("is structural", () => {
    const [version] = definition(plural).spec.versions;

    expect(() => assertStructural(version.schema.openAPIV3Schema)).not.toThrow();
  });

  it("describes every field", () => {
    const silent = specNodes(plural).filter(([, node]) => typeof node["description"] !== "string");

    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it("bounds every text and list, so that rules have a cost that the API server accepts", () => {
    const unbounded = specNodes(plural).filter(
      ([, { type, enum: values, format, maxLength, maxItems }]) =>
        (type === "string" && values === undefined && format === undefined && maxLength === undefined) ||
        (type === "array" && maxItems === undefined),
    );

    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  it("gives every rule a message in one line", () => {
    const rules = specNodes(plural).flatMap(([, node]) => (node["x-kubernetes-validations"] ?? []) as SchemaNode[]);

    expect(rules.length).toBeGreaterThan(5);
    for (const { message } of rules) expect(message).toMatch(/^.{10,}$/);
  });

  it("points columns and selectable fields at fields that exist", () => {
    const [version] = definition(plural).spec.versions;
    const paths = new Set(nodesOf(version.schema.openAPIV3Schema, "").map(([path]) => path));
    const named = [...version.additionalPrinterColumns, ...(version.selectableFields ?? [])];
    const lost = named
      .map(({ jsonPath }) => jsonPath.replace(/\[\d\]/, ".[]"))
      .filter((path) => !paths.has(path) && path !== ".metadata.creationTimestamp");

    expect(lost).toEqual([]);
  });
});

describe("the definitions", () => {
  it("are cluster-scoped, with short names", () => {
    expect(definition("ipleases").spec).toMatchObject({ scope: "Cluster", names: { shortNames: ["ipl"] } });
    expect(definition("ippools").spec).toMatchObject({ scope: "Cluster", names: { shortNames: ["ipp"] } });
    expect(definition("ipblocks").spec).toMatchObject({ scope: "Cluster", names: { shortNames: ["ipb"] } });
  });

  it("let leases be selected by node, pool and holder", () => {
    const [version] = definition("ipleases").spec.versions;

    expect(version.selectableFields?.map(({ jsonPath }) => jsonPath)).toEqual([
      ".spec.node",
      ".spec.pool",
      ".spec.holder",
    ]);
  });

  it("let blocks be selected by node and pool", () => {
    const [version] = definition("ipblocks").spec.versions;

    expect(version.selectableFields?.map(({ jsonPath }) => jsonPath)).toEqual([".spec.node", ".spec.pool"]);
  });

  it("give a status endpoint to pools alone", () => {
    expect(definition("ippools").spec.versions[0].subresources).toEqual({ status: {} });
    expect(definition("ipleases").spec.versions[0].subresources).toBeUndefined();
    expect(definition("ipblocks").spec.versions[0].subresources).toBeUndefined();
  });
});
