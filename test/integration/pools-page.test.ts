import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IPPool } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { createNamespace, labelNode, setPodCidrs } from "./src/node-objects.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { StandInController } from "./src/stand-in-controller.ts";
import { listLeases } from "./src/stored-objects.ts";
import { untoldFields } from "./src/told-fields.ts";
import { requireTools } from "./src/tools.ts";

/** A part of an OpenAPI v3 schema. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const PAGE = join(import.meta.dirname, "../../docs/pools.md");
/** An object whose keys are the user's. */
const ANY_KEY = new Set(["matchLabels"]);

/** A pod of a namespace, and on a node, that every selector of the page admits. */
const POD = { namespace: "shop", name: "db-3", uid: "uid-db-3" } as const;

let cluster: SimulatedCluster;
let page: string;
let examples: readonly string[];

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl"]);
  cluster = await SimulatedCluster.start({ nodes: ["n1"] });
  const { controlPlane } = cluster;
  await labelNode(controlPlane, "n1", { "mlab/type": "physical", rack: "1" });
  await setPodCidrs(controlPlane, "n1", ["10.244.1.0/24"]);
  await createNamespace(controlPlane, POD.namespace, { tenant: "lab", team: "storage" });
  await cluster.startAgents();
  page = await readFile(PAGE, "utf8");
  examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].flatMap(([, yaml = ""]) => yaml.split("---\n"));
});

afterAll(async () => {
  await cluster?.close();
});

/** What kubectl prints as JSON; it must succeed. */
async function printJson(...args: readonly string[]): Promise<unknown> {
  const result = await kubectl(cluster.run, cluster.controlPlane, [...args, "-o", "json"]);
  expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  return JSON.parse(result.stdout);
}

async function exampleFile(index: number): Promise<string> {
  const path = join(cluster.run.folder, `example-${index}.yaml`);
  await writeFile(path, examples[index] ?? "");
  return path;
}

/** Every field of a schema, such as `ranges[].subnet`. */
function fieldsOf(schema: Schema, prefix = ""): string[] {
  if (schema.items !== undefined) return fieldsOf(schema.items, `${prefix}[]`);
  const own = prefix === "" ? [] : [prefix];
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    fieldsOf(field, prefix === "" ? key : `${prefix}.${key}`),
  );
  return [...own, ...inner];
}

/** Every field that an object sets, likewise. */
function fieldsSet(value: unknown, prefix = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsSet(item, `${prefix}[]`));
  const own = prefix === "" ? [] : [prefix];
  if (typeof value !== "object" || value === null || ANY_KEY.has(prefix.split(".").at(-1) ?? "")) return own;
  const inner = Object.entries(value).flatMap(([key, field]) =>
    fieldsSet(field, prefix === "" ? key : `${prefix}.${key}`),
  );
  return [...own, ...inner];
}

async function specSchema(plural: string): Promise<Schema> {
  const definition = (await printJson("get", "crd", `${plural}.cluster-ipam.io`)) as {
    readonly spec: {
      readonly versions: readonly {
        readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: Schema } } };
      }[];
    };
  };
  const [version] = definition.spec.versions;
  if (version === undefined) throw new Error(`${plural} has no version`);
  return version.schema.openAPIV3Schema.properties.spec;
}

/** The fields that the page's examples of one kind set, before the server fills in any default. */
async function fieldsShown(kind: string): Promise<ReadonlySet<string>> {
  const shown = new Set<string>();
  for (const index of examples.keys()) {
    const written = await printJson("create", "--dry-run=client", "-f", await exampleFile(index));
    const { kind: found, spec } = written as { readonly kind: string; readonly spec: unknown };
    if (found === kind) for (const field of fieldsSet(spec)) shown.add(field);
  }
  return shown;
}

describe("docs/pools.md", () => {
  it("every example is accepted by the API server as it stands there, beside all others", async () => {
    expect(examples.length).toBeGreaterThan(10);
    for (const index of examples.keys()) {
      const result = await kubectl(cluster.run, cluster.controlPlane, ["apply", "-f", await exampleFile(index)]);
      expect(result, examples[index]).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  it("every field of an IPPool stands in an example", async () => {
    const shown = await fieldsShown("IPPool");
    expect(fieldsOf(await specSchema("ippools")).filter((field) => !shown.has(field))).toEqual([]);
  });

  it("every field of a reservation stands in an example, and is told in a table", async () => {
    const shown = await fieldsShown("IPLease");
    const fields = fieldsOf(await specSchema("ipleases")).filter((field) => field.startsWith("reserved"));
    expect(fields).toContain("reserved.for.namespace");
    expect(fields.filter((field) => !shown.has(field))).toEqual([]);
    expect(untoldFields(page, fields)).toEqual([]);
  });

  it("every field of an IPPool is told in a table, by its own name", async () => {
    const fields = fieldsOf(await specSchema("ippools"));
    const likewise = { namespaceSelector: "nodeSelector" };
    expect(untoldFields(page, fields, likewise)).toEqual([]);
    const without = page.replace("`ranges[].end`", "`ranges[].append`");
    expect(untoldFields(without, fields, likewise)).toEqual(["ranges[].end"]);
  });

  it("every pool gives an address of its own to a pod that its selectors admit, and takes it back", async () => {
    const { socketPath } = cluster.node("n1");
    const refused: string[] = [];
    const { items } = (await printJson("get", "ippools")) as { readonly items: readonly IPPool[] };
    for (const { metadata, spec } of items) {
      const { name } = metadata;
      const isKeeping = spec.retain !== undefined || spec.coolDownSeconds > 0;
      if (isKeeping) await new StandInController(cluster.controlPlane).markReady(name);
      const config = { cniVersion: "1.0.0", name: "page", type: "macvlan", ipam: { type: "cluster-ipam", pool: name } };
      const call = addCall(POD.name, config, { pod: POD });
      const outcome = await callPlugin(socketPath, call);
      if (outcome.kind === "failure") {
        refused.push(`${name}: ${errorOf(outcome).code}`);
        continue;
      }
      const [address = ""] = addressesOf(resultOf(outcome));
      const lease = (await listLeases(cluster.controlPlane)).find((one) => one.spec.address === address);
      expect(lease?.spec, name).toMatchObject({ pool: name, holder: `${POD.namespace}/${POD.name}/net1` });
      resultOf(await callPlugin(socketPath, delCall(call)));
      const left = (await listLeases(cluster.controlPlane)).find((one) => one.spec.address === address);
      expect(left?.spec.keepSeconds, name).toBe(isKeeping ? (spec.retain?.seconds ?? spec.coolDownSeconds) : undefined);
    }
    // The other rack's.
    expect(refused).toEqual(["rack-2: 105"]);
  });
});
