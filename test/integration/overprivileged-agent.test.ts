import { attachedLease, blockOf } from "@cluster-ipam/allocator/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectAnswer, GuardedServer, INLINE_POOL, PATHS, send } from "./agent-admission/guarded-server.ts";
import { AGENT_ACCOUNT } from "./src/guarded-agents.ts";
import { tryRender } from "./src/helm.ts";
import { kubectl } from "./src/kubectl.ts";
import { RENDERINGS } from "./src/renderings.ts";
import { listPools } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

let server: GuardedServer;

beforeAll(async () => {
  server = await GuardedServer.start();
  const account = `--serviceaccount=${AGENT_ACCOUNT.namespace}:${AGENT_ACCOUNT.name}`;
  const args = ["create", "clusterrolebinding", "mistaken", "--clusterrole=cluster-admin", account];
  expect(await kubectl(server.run, server.controlPlane, args)).toMatchObject({ exitCode: 0 });
  const mayDelete = async (): Promise<true | undefined> =>
    (await send(server.agent, "DELETE", `${PATHS.pools}/none`)).status === 404 ? true : undefined;
  await waitFor(mayDelete, { what: "the agent to be an administrator", timeoutMs: 30_000 });
});
afterEach(async () => {
  await server.clear();
});
afterAll(async () => {
  await server?.close();
});

describe("an agent whom somebody has made an administrator of the cluster", () => {
  it("still changes no pool, nor its status", async () => {
    const pool = await server.make(PATHS.pools, INLINE_POOL);
    const path = `${PATHS.pools}/${INLINE_POOL.metadata.name}`;
    for (const changed of [path, `${path}/status`]) {
      expectAnswer(await send(server.agent, "PUT", changed, pool), "agents change and delete no pool");
    }
    expectAnswer(await send(server.agent, "DELETE", path), "agents change and delete no pool");
  });

  it("still changes no block", async () => {
    const block = await server.make(PATHS.blocks, blockOf("10.9.0.0/28"));
    const path = `${PATHS.blocks}/${block.metadata.name}`;
    expectAnswer(await send(server.agent, "PUT", path, block), "a block is claimed and given back, and never changed");
  });

  it("still deletes no lease of another node, neither one nor many at a time", async () => {
    await server.make(PATHS.leases, attachedLease("10.9.0.5", { node: "n2" }));
    for (const path of [`${PATHS.leases}/10.9.0.5`, PATHS.leases]) {
      expectAnswer(await send(server.agent, "DELETE", path), "the agent of node n1 may not delete it");
    }
  });
});

describe("an administrator's agent where ipam sections bring no ranges", () => {
  const REFUSAL = "agents make no pool where inlinePools is deny";

  beforeAll(async () => {
    const { run, controlPlane } = server;
    const flags = [...RENDERINGS["with pools of administrators alone"], "--show-only=templates/admission/pools.yaml"];
    const { stdout } = await tryRender(run, flags);
    expect(await kubectl(run, controlPlane, ["apply", "-f", "-"], stdout)).toMatchObject({ exitCode: 0 });
    const isActive = async (): Promise<true | undefined> =>
      (await send(server.agent, "POST", `${PATHS.pools}?dryRun=All`, INLINE_POOL)).text.includes(REFUSAL) || undefined;
    await waitFor(isActive, { what: "the policy to be active", timeoutMs: 30_000, intervalMs: 100 });
  });

  it("makes no pool of inline ranges", async () => {
    expectAnswer(await send(server.agent, "POST", PATHS.pools, INLINE_POOL), REFUSAL);
    expect(await listPools(server.controlPlane)).toEqual([]);
  });

  it("still changes none", async () => {
    const pool = await server.make(PATHS.pools, INLINE_POOL);
    const path = `${PATHS.pools}/${INLINE_POOL.metadata.name}`;
    expectAnswer(await send(server.agent, "PUT", path, pool), "agents change and delete no pool");
  });
});
