import { attachedLease, blockOf } from "@cluster-ipam/allocator/testing";
import {
  API_PATH,
  API_VERSION,
  BLOCK_RESOURCE,
  type IPLease,
  type IPLeaseSpec,
  LEASE_RESOURCE,
  POOL_RESOURCE,
} from "@cluster-ipam/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LEASE_ROWS } from "./agent-admission/lease-rows.ts";
import { POOL_ROWS } from "./agent-admission/pool-rows.ts";
import { type ApiAnswer, ApiClient, type ApiRequest } from "./src/api-client.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { AGENT_ACCOUNT, requestAgentToken, requestToken } from "./src/guarded-agents.ts";
import { kubectl } from "./src/kubectl.ts";
import { Run } from "./src/run.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const COLLECTIONS = [LEASE_RESOURCE, BLOCK_RESOURCE, POOL_RESOURCE].map((resource) => `${API_PATH}/${resource}`);
const [LEASES = "", BLOCKS = "", POOLS = ""] = COLLECTIONS;
const INLINE_NAME = "lab-0123456789";
const NO_NODE = "the agent's token does not say on which node it runs";

let run: Run;
let controlPlane: ControlPlane;
let agent: ApiClient;
let nameless: ApiClient;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl", "helm"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run, { isGuarded: true });
  agent = clientWith(await requestAgentToken(controlPlane.api, "n1"));
  nameless = clientWith(await requestToken(controlPlane.api));
});
afterEach(async () => {
  for (const path of COLLECTIONS) await controlPlane.api.send({ method: "DELETE", path });
});
afterAll(async () => {
  agent?.disconnect();
  nameless?.disconnect();
  await run?.close();
});

function clientWith(token: string): ApiClient {
  return new ApiClient({ ...controlPlane.api.access, token });
}

function send(client: ApiClient, method: ApiRequest["method"], path: string, body?: object): Promise<ApiAnswer> {
  return client.send({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** What an administrator makes. */
async function make<T>(path: string, object: T & object): Promise<T> {
  return (await controlPlane.api.ensure(path, JSON.stringify(object))) as T;
}

function expectAnswer({ status, text }: ApiAnswer, refusal: string | undefined): void {
  const { message = "" } = JSON.parse(text) as { readonly message?: string };
  if (refusal === undefined) expect({ isDone: status < 300, message }).toEqual({ isDone: true, message: "" });
  else expect({ isClientsFault: status === 403 || status === 422, message }).toMatchObject({ isClientsFault: true });
  expect(message).toContain(refusal ?? "");
}

function leaseOf(spec: IPLeaseSpec): IPLease {
  return { ...attachedLease(spec.address), spec };
}

describe("an agent with the token of a pod on n1", () => {
  it.for(LEASE_ROWS)("and leases: $title", async ({ before, after, refusal }) => {
    const found = before === undefined ? undefined : await make(LEASES, leaseOf(before));
    const path = `${LEASES}/${found?.metadata.name}`;
    if (after === undefined) return expectAnswer(await send(agent, "DELETE", path), refusal);
    if (found === undefined) return expectAnswer(await send(agent, "POST", LEASES, leaseOf(after)), refusal);
    return expectAnswer(await send(agent, "PUT", path, { ...found, spec: after }), refusal);
  });

  it("deletes a reserved lease of its node that waits for somebody's finalizer already", async () => {
    const lease = attachedLease("10.9.0.5", { node: "n1" });
    const reserved = { reason: "printer", for: { namespace: "default", name: "web-0" } };
    const metadata = { ...lease.metadata, finalizers: ["example.org/wait"] };
    const path = `${LEASES}/${lease.metadata.name}`;
    await make(LEASES, { ...lease, metadata, spec: { ...lease.spec, reserved } });
    await send(controlPlane.api, "DELETE", path);
    expectAnswer(await send(agent, "DELETE", path), undefined);
    const patch = { path, body: '{"metadata":{"finalizers":null}}', contentType: "application/merge-patch+json" };
    await controlPlane.api.send({ method: "PATCH", ...patch });
  });

  it("patches nothing, and deletes no more than one at a time", async () => {
    await make(LEASES, attachedLease("10.9.0.5", { node: "n1" }));
    const patch = { method: "PATCH", path: `${LEASES}/10.9.0.5`, contentType: "application/merge-patch+json" } as const;
    expectAnswer(await agent.send({ ...patch, body: "{}" }), 'cannot patch resource "ipleases"');
    expectAnswer(await send(agent, "DELETE", LEASES), 'cannot deletecollection resource "ipleases"');
  });

  it("claims blocks for its node and gives them back, and leaves those of others alone", async () => {
    const [own, other] = [blockOf("10.9.0.0/28"), blockOf("10.9.0.16/28", { node: "n2" })];
    expectAnswer(await send(agent, "POST", BLOCKS, own), undefined);
    expectAnswer(await send(agent, "POST", BLOCKS, other), "is that of node n2: the agent of node n1 may not claim it");
    await make(BLOCKS, other);
    const paths = [own, other].map(({ metadata }) => `${BLOCKS}/${metadata.name}`);
    expectAnswer(await send(agent, "DELETE", paths[1] ?? ""), "the agent of node n1 may not give it back");
    expectAnswer(await send(agent, "PUT", paths[0] ?? "", own), 'cannot update resource "ipblocks"');
    expectAnswer(await send(agent, "DELETE", paths[0] ?? ""), undefined);
  });

  it.for(POOL_ROWS)("and pools: makes $title", async ({ name = INLINE_NAME, labels, annotations, spec, refusal }) => {
    const pool = {
      apiVersion: API_VERSION,
      kind: "IPPool",
      metadata: { name, annotations, labels: labels ?? { "cluster-ipam.io/inline": "true" } },
      spec: { ranges: [{ subnet: "10.9.0.0/24" }], ...spec },
    };
    expectAnswer(await send(agent, "POST", POOLS, pool), refusal);
  });

  it("changes no pool, nor its status", async () => {
    const metadata = { name: INLINE_NAME, labels: { "cluster-ipam.io/inline": "true" } };
    const draft = { apiVersion: API_VERSION, kind: "IPPool", metadata, spec: { ranges: [{ subnet: "10.9.0.0/24" }] } };
    const pool = await make(POOLS, draft);
    const path = `${POOLS}/${INLINE_NAME}`;
    expectAnswer(await send(agent, "PUT", path, pool), 'cannot update resource "ippools"');
    expectAnswer(await send(agent, "DELETE", path), 'cannot delete resource "ippools"');
    expectAnswer(await send(agent, "PUT", `${path}/status`, pool), 'cannot update resource "ippools/status"');
  });
});

describe("an agent whose token names no node", () => {
  it("writes nothing at all: no lease, no block, no pool", async () => {
    await make(LEASES, attachedLease("10.9.0.5", { node: "n1" }));
    expectAnswer(await send(nameless, "DELETE", `${LEASES}/10.9.0.5`), NO_NODE);
    expectAnswer(await send(nameless, "POST", LEASES, attachedLease("10.9.0.6", { node: "n1" })), NO_NODE);
    expectAnswer(await send(nameless, "POST", BLOCKS, blockOf("10.9.0.0/28")), NO_NODE);
    const metadata = { name: INLINE_NAME, labels: { "cluster-ipam.io/inline": "true" } };
    const pool = { apiVersion: API_VERSION, kind: "IPPool", metadata, spec: { ranges: [{ subnet: "10.9.0.0/24" }] } };
    expectAnswer(await send(nameless, "POST", POOLS, pool), NO_NODE);
  });

  it("still reads, so that its log can say what is wrong", async () => {
    expectAnswer(await send(nameless, "GET", LEASES), undefined);
  });
});

it("somebody else with the rights is held to nothing: administrators have the last word", async () => {
  const lease = attachedLease("10.9.0.5", { node: "n2" });
  expectAnswer(await send(controlPlane.api, "POST", LEASES, lease), undefined);
  expectAnswer(await send(controlPlane.api, "DELETE", `${LEASES}/10.9.0.5`), undefined);
});

describe("an agent whom somebody has made an administrator of the cluster", () => {
  const metadata = { name: INLINE_NAME, labels: { "cluster-ipam.io/inline": "true" } };
  const draft = { apiVersion: API_VERSION, kind: "IPPool", metadata, spec: { ranges: [{ subnet: "10.9.0.0/24" }] } };

  beforeAll(async () => {
    const account = `--serviceaccount=${AGENT_ACCOUNT.namespace}:${AGENT_ACCOUNT.name}`;
    const args = ["create", "clusterrolebinding", "mistaken", "--clusterrole=cluster-admin", account];
    expect(await kubectl(run, controlPlane, args)).toMatchObject({ exitCode: 0 });
    const mayDelete = async (): Promise<true | undefined> =>
      (await send(agent, "DELETE", `${POOLS}/none`)).status === 404 ? true : undefined;
    await waitFor(mayDelete, { what: "the agent to be an administrator", timeoutMs: 30_000 });
  });

  it("still changes no pool, nor its status", async () => {
    const pool = await make(POOLS, draft);
    const path = `${POOLS}/${INLINE_NAME}`;
    for (const changed of [path, `${path}/status`]) {
      expectAnswer(await send(agent, "PUT", changed, pool), "agents change and delete no pool");
    }
    expectAnswer(await send(agent, "DELETE", path), "agents change and delete no pool");
  });

  it("still changes no block", async () => {
    const block = await make(BLOCKS, blockOf("10.9.0.0/28"));
    const path = `${BLOCKS}/${block.metadata.name}`;
    expectAnswer(await send(agent, "PUT", path, block), "a block is claimed and given back, and never changed");
  });

  it("still deletes no lease of another node, neither one nor many at a time", async () => {
    await make(LEASES, attachedLease("10.9.0.5", { node: "n2" }));
    for (const path of [`${LEASES}/10.9.0.5`, LEASES]) {
      expectAnswer(await send(agent, "DELETE", path), "the agent of node n1 may not delete it");
    }
  });
});
