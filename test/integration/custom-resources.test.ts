import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_PATH, API_VERSION } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { BAD_BLOCKS, BLOCK_NAME4, BLOCK_NAME6, block4, block6, GOOD_BLOCKS } from "./custom-resources/block-rows.ts";
import { BAD_LEASES, GOOD_LEASES, lease4, lease6, NAME6, UNATTACHED } from "./custom-resources/lease-rows.ts";
import { BAD_POOLS, GOOD_POOLS, range4 } from "./custom-resources/pool-rows.ts";
import type { Fields, GoodRow } from "./custom-resources/row.ts";
import { UNFIT_POOLS } from "./custom-resources/unfit-pool-rows.ts";
import type { ApiAnswer } from "./src/api-client.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { kubectl } from "./src/kubectl.ts";
import { Run } from "./src/run.ts";
import { requireTools } from "./src/tools.ts";

const LEASES = `${API_PATH}/ipleases`;
const POOLS = `${API_PATH}/ippools`;
const BLOCKS = `${API_PATH}/ipblocks`;

type Kind = "IPLease" | "IPPool" | "IPBlock";

interface StoredObject {
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly status?: Fields;
}

let run: Run;
let controlPlane: ControlPlane;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
});

afterAll(async () => {
  await run?.close();
});

function objectOf(kind: Kind, { name, spec }: Pick<GoodRow, "name" | "spec">): Fields {
  return { apiVersion: API_VERSION, kind, metadata: { name: name ?? nameFor(kind, spec) }, spec };
}

function nameFor(kind: Kind, spec: Fields): string {
  if (kind === "IPPool") return "lab";
  const address = String(spec["address"]);
  return address === "2001:db8::5" ? NAME6 : address;
}

async function send(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<ApiAnswer> {
  return await controlPlane.api.send({ method, path, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function create(path: string, object: Fields): Promise<StoredObject> {
  const answer = await send("POST", path, object);
  // The whole answer, so that a refusal shows its text.
  expect(answer).toMatchObject({ status: 201 });
  return JSON.parse(answer.text) as StoredObject;
}

/** Like {@link create}; the object is deleted when the test ends. */
async function createForTest(path: string, object: Fields): Promise<StoredObject> {
  const stored = await create(path, object);
  onTestFinished(async () => {
    await send("DELETE", `${path}/${nameOf(stored)}`);
  });
  return stored;
}

function nameOf({ metadata }: StoredObject): string {
  return String(metadata["name"]);
}

function messageOf(answer: ApiAnswer): string {
  return String((JSON.parse(answer.text) as Fields)["message"]);
}

/** What kubectl prints; it must succeed. */
async function print(...args: readonly string[]): Promise<string> {
  const result = await kubectl(run, controlPlane, args);
  expect(result).toMatchObject({ exitCode: 0 });
  return result.stdout;
}

/** The answer to replacing the spec of a stored object. */
async function replaceSpec(path: string, stored: StoredObject, spec: Fields): Promise<ApiAnswer> {
  return await send("PUT", `${path}/${nameOf(stored)}`, { ...stored, spec });
}

it("the pool that the README shows is accepted as it stands there", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
  const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
  const path = join(run.folder, "readme-pool.yaml");
  await writeFile(path, yaml);
  expect(await kubectl(run, controlPlane, ["create", "--dry-run=server", "-f", path])).toMatchObject({
    stdout: "ippool.cluster-ipam.io/macvlan-conf created (server dry run)\n",
    stderr: "",
  });
});

describe("an IPLease", () => {
  it.each(GOOD_LEASES)("is stored with $what", async (row) => {
    const answer = await send("POST", `${LEASES}?dryRun=All`, objectOf("IPLease", row));

    expect(answer).toMatchObject({ status: 201 });
  });

  it.each(BAD_LEASES)("is refused with $what", async (row) => {
    const answer = await send("POST", `${LEASES}?dryRun=All`, objectOf("IPLease", row));

    expect(answer.status).toBe(422);
    expect(messageOf(answer)).toContain(row.says);
  });

  it.each([
    ["prefixLength", { prefixLength: 25 }],
    ["pool", { pool: "other" }],
    ["addressSpace", { addressSpace: "blue" }],
    ["address", { address: "10.0.0.6" }],
  ])("keeps its %s for life", async (field, change) => {
    const stored = await createForTest(LEASES, objectOf("IPLease", { spec: lease4() }));
    const answer = await replaceSpec(LEASES, stored, { ...stored.spec, ...change });

    expect(answer.status).toBe(422);
    expect(messageOf(answer)).toContain(`${field} is immutable: delete the lease and create another`);
  });

  it("passes from its holder to nobody and to a new sandbox", async () => {
    const stored = await createForTest(LEASES, objectOf("IPLease", { spec: lease6() }));
    const released = await replaceSpec(LEASES, stored, {
      ...stored.spec,
      ...UNATTACHED,
      releasedAt: "2026-01-02T03:04:05Z",
    });
    expect(released).toMatchObject({ status: 200 });

    const object = JSON.parse(released.text) as StoredObject;
    const taken = await replaceSpec(LEASES, object, { ...stored.spec, containerID: "beef" });
    expect(taken).toMatchObject({ status: 200 });
  });
});

describe("an IPPool", () => {
  it.each(GOOD_POOLS)("is stored with $what", async (row) => {
    const answer = await send("POST", `${POOLS}?dryRun=All`, objectOf("IPPool", row));

    expect(answer).toMatchObject({ status: 201 });
  });

  it.each([...BAD_POOLS, ...UNFIT_POOLS])("is refused with $what", async (row) => {
    const answer = await send("POST", `${POOLS}?dryRun=All`, objectOf("IPPool", row));

    expect(answer.status).toBe(422);
    expect(messageOf(answer)).toContain(row.says);
  });

  it.each([
    ["addressSpace", { addressSpace: "blue" }, {}],
    ["nodeBlocks", { nodeBlocks: { prefixLength: 29 } }, { nodeBlocks: { prefixLength: 28 } }],
    ["nodeBlocks", { nodeBlocks: { prefixLength: 28 } }, {}],
    ["nodeBlocks", { nodeBlocks: undefined }, { nodeBlocks: { prefixLength: 28 } }],
  ])("keeps its %s for life: no change to %o", async (field, change, before) => {
    const stored = await createForTest(POOLS, objectOf("IPPool", { name: "lab", spec: { ...range4(), ...before } }));
    const answer = await replaceSpec(POOLS, stored, { ...stored.spec, ...change });

    expect(answer.status).toBe(422);
    expect(messageOf(answer)).toContain(`${field} is immutable: delete the pool and create another`);
  });

  it("lets its ranges be edited", async () => {
    const stored = await createForTest(POOLS, objectOf("IPPool", { name: "lab", spec: range4({ end: "10.0.0.9" }) }));
    const answer = await replaceSpec(POOLS, stored, { ...stored.spec, ...range4({ exclude: ["10.0.0.5"] }) });

    expect(answer).toMatchObject({ status: 200 });
  });

  it("is completed with defaults", async () => {
    const answer = await send("POST", `${POOLS}?dryRun=All`, objectOf("IPPool", { name: "lab", spec: range4() }));

    expect((JSON.parse(answer.text) as StoredObject).spec).toEqual({
      ranges: [{ subnet: "10.0.0.0/24", assign: "Any" }],
      addressSpace: "",
      strategy: "Spread",
      coolDownSeconds: 0,
      reserveGateway: true,
    });
  });

  it("takes its status through the status endpoint alone", async () => {
    const status = { capacity: "340282366920938463463374607431768211456", used: "0", free: "1" };
    const stored = await createForTest(POOLS, { ...objectOf("IPPool", { name: "lab", spec: range4() }), status });
    expect(stored.status).toBeUndefined();

    const answer = await send("PUT", `${POOLS}/lab/status`, { ...stored, status });
    expect((JSON.parse(answer.text) as StoredObject).status).toEqual(status);
  });
});

describe("an IPBlock", () => {
  it.each(GOOD_BLOCKS)("is stored with $what", async (row) => {
    const answer = await send("POST", `${BLOCKS}?dryRun=All`, objectOf("IPBlock", row));

    expect(answer).toMatchObject({ status: 201 });
  });

  it.each(BAD_BLOCKS)("is refused with $what", async (row) => {
    const answer = await send("POST", `${BLOCKS}?dryRun=All`, objectOf("IPBlock", row));

    expect(answer.status).toBe(422);
    expect(messageOf(answer)).toContain(row.says);
  });

  it.each([
    ["prefix", { prefix: "10.0.0.32/28" }],
    ["pool", { pool: "other" }],
    ["addressSpace", { addressSpace: "blue" }],
    ["node", { node: "node-2" }],
  ])("keeps its %s for life", async (field, change) => {
    const stored = await createForTest(BLOCKS, objectOf("IPBlock", { name: BLOCK_NAME4, spec: block4() }));
    const answer = await replaceSpec(BLOCKS, stored, { ...stored.spec, ...change });

    expect(answer.status).toBe(422);
    expect(messageOf(answer)).toContain(`${field} is immutable: delete the block, and a node claims it anew`);
  });
});

describe("kubectl", () => {
  const webHolder = "default/web-0/net2";
  const web = {
    address: "10.0.0.250",
    pool: "macvlan-conf",
    node: "worker-2",
    ifName: "net2",
    pod: { namespace: "default", name: "web-0" },
    holder: webHolder,
  };
  const kept = { address: "10.0.0.1", prefixLength: 24, reserved: { reason: "printer" } };
  const returned = lease4({ ...UNATTACHED, address: "10.0.0.9", releasedAt: "2020-01-02T03:04:05Z" });
  const leases = [lease4({ pool: "macvlan-conf" }), lease4(web), lease6(), kept, returned];

  beforeAll(async () => {
    for (const spec of leases) await create(LEASES, objectOf("IPLease", { spec }));
    const pool = objectOf("IPPool", { name: "macvlan-conf", spec: range4() });
    const stored = await create(POOLS, pool);
    await send("PUT", `${POOLS}/macvlan-conf/status`, {
      ...stored,
      status: { capacity: "253", used: "2", free: "251" },
    });
    await create(BLOCKS, objectOf("IPBlock", { name: BLOCK_NAME4, spec: block4({ pool: "macvlan-conf" }) }));
    await create(BLOCKS, objectOf("IPBlock", { name: BLOCK_NAME6, spec: block6({ node: "worker-2" }) }));
  });

  it("prints blocks", async () => {
    const lines = (await print("get", "ipblocks")).trimEnd().split("\n");

    expect(lines[0]).toMatch(/^NAME +PREFIX +POOL +NODE +AGE$/);
    expect(lines[1]).toMatch(/^10\.0\.0\.16-28 +10\.0\.0\.16\/28 +macvlan-conf +node-1 +\d+s$/);
  });

  it.each([
    ["spec.node=worker-2", [BLOCK_NAME6]],
    ["spec.pool=macvlan-conf", [BLOCK_NAME4]],
  ])("selects blocks by %s", async (selector, names) => {
    const found = await print("get", "ipblocks", "--field-selector", selector, "-o", "name");

    expect(found.trimEnd().split("\n")).toEqual(names.map((name) => `ipblock.cluster-ipam.io/${name}`));
  });

  it("prints leases in 80 columns", async () => {
    const table = await print("get", "ipleases", "10.0.0.1", "10.0.0.5", "10.0.0.250");
    const lines = table.trimEnd().split("\n");

    expect(lines[0]?.trim().split(/\s{2,}/)).toEqual(["NAME", "NAMESPACE", "POD", "NODE", "INTERFACE", "AGE"]);
    expect(lines.find((line) => line.startsWith("10.0.0.250 "))).toMatch(/ default +web-0 +worker-2 +net2 +\d+s$/);
    expect(Math.max(...lines.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(80);
  });

  it("prints the rest of a lease with -o wide", async () => {
    const table = await print("get", "ipleases", "-o", "wide");
    const lines = table.trimEnd().split("\n");

    expect(lines[0]).toMatch(
      /^NAME +ADDRESS +POOL +NAMESPACE +POD +NODE +INTERFACE +NETWORK +RESERVED +RELEASED +AGE$/,
    );
    expect(lines.find((line) => line.startsWith("2001-"))).toMatch(/ 2001:db8::5 +lab .* macvlan-conf +\d+s$/);
    expect(lines.find((line) => line.startsWith("10.0.0.1 "))).toMatch(/ 10\.0\.0\.1 .* printer +\d+s$/);
    expect(lines.find((line) => line.startsWith("10.0.0.9 "))).toMatch(/ 10\.0\.0\.9 +lab .* \d+y\w* +\d+s$/);
  });

  it("prints pools in 80 columns", async () => {
    const lines = (await print("get", "ippools")).trimEnd().split("\n");

    expect(lines[0]).toMatch(/^NAME +RANGES +CAPACITY +USED +FREE +AGE$/);
    expect(lines[1]).toMatch(/^macvlan-conf +10\.0\.0\.0\/24 +253 +2 +251 +\d+s$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each([
    ["spec.node=worker-2", ["10.0.0.250"]],
    ["spec.pool=macvlan-conf", ["10.0.0.250", "10.0.0.5"]],
    [`spec.holder=${webHolder}`, ["10.0.0.250"]],
    ["spec.pool=macvlan-conf,spec.node!=worker-2", ["10.0.0.5"]],
    ["spec.node=", ["10.0.0.1", "10.0.0.9"]],
  ])("selects leases by %s", async (selector, names) => {
    const found = await print("get", "ipleases", "--field-selector", selector, "-o", "name");

    expect(found.trimEnd().split("\n").toSorted()).toEqual(names.map((name) => `iplease.cluster-ipam.io/${name}`));
  });

  it.each([
    ["ipl", "iplease.cluster-ipam.io/10.0.0.5"],
    ["ipp", "ippool.cluster-ipam.io/macvlan-conf"],
    ["ipb", "ipblock.cluster-ipam.io/10.0.0.16-28"],
  ])("knows the short name %s", async (shortName, object) => {
    expect((await print("get", shortName, "-o", "name")).split("\n")).toContain(object);
  });

  it("explains the fields", async () => {
    expect(await print("explain", "ipleases.spec.sandbox")).toContain("as long as it exists");
    expect(await print("explain", "ippools.spec.ranges.exclude")).toContain("10.0.0.5-10.0.0.9");
  });
});
