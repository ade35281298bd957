import { attachedLease, blockOf } from "@cluster-ipam/allocator/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectAnswer, GuardedServer, INLINE_POOL, PATHS, send } from "./agent-admission/guarded-server.ts";
import { FINALIZED, OWNED } from "./agent-admission/lease-row.ts";
import { ALLOWED_LEASES, LEASE_ROWS } from "./agent-admission/lease-rows.ts";
import { writeLease } from "./agent-admission/lease-write.ts";
import { ALLOWED_METADATA, METADATA_ROWS } from "./agent-admission/metadata-rows.ts";
import { POOL_ROWS } from "./agent-admission/pool-rows.ts";

let server: GuardedServer;

beforeAll(async () => {
  server = await GuardedServer.start();
});
afterEach(async () => {
  await server.clear();
});
afterAll(async () => {
  await server?.close();
});

describe("an agent with the token of a pod on n1", () => {
  it.for([...LEASE_ROWS, ...METADATA_ROWS])("and leases: $title", async (row) => {
    expectAnswer(await writeLease(server, server.agent, row), row.refusal);
  });

  it("is told to read anew, and not that it is forbidden, where somebody has put a finalizer on a lease since", async () => {
    const found = await server.make(PATHS.leases, attachedLease("10.9.0.5", { node: "n1" }));
    const path = `${PATHS.leases}/10.9.0.5`;
    const patch = { path, body: JSON.stringify({ metadata: FINALIZED }), contentType: "application/merge-patch+json" };
    await server.controlPlane.api.send({ method: "PATCH", ...patch });
    expect(await send(server.agent, "PUT", path, found)).toMatchObject({ status: 409 });
  });

  it("deletes a reserved lease of its node that waits for somebody's finalizer already", async () => {
    const lease = attachedLease("10.9.0.5", { node: "n1" });
    const reserved = { reason: "printer", for: { namespace: "default", name: "web-0" } };
    const metadata = { ...lease.metadata, ...FINALIZED };
    await server.make(PATHS.leases, { ...lease, metadata, spec: { ...lease.spec, reserved } });
    const path = `${PATHS.leases}/${lease.metadata.name}`;
    await send(server.controlPlane.api, "DELETE", path);
    expectAnswer(await send(server.agent, "DELETE", path));
  });

  it("patches nothing, and deletes no more than one at a time", async () => {
    await server.make(PATHS.leases, attachedLease("10.9.0.5", { node: "n1" }));
    const path = `${PATHS.leases}/10.9.0.5`;
    const patch = { method: "PATCH", path, contentType: "application/merge-patch+json", body: "{}" } as const;
    expectAnswer(await server.agent.send(patch), 'cannot patch resource "ipleases"');
    expectAnswer(await send(server.agent, "DELETE", PATHS.leases), 'cannot deletecollection resource "ipleases"');
  });

  it("claims blocks for its node and gives them back, and leaves those of others alone", async () => {
    const { agent } = server;
    const [own, other] = [blockOf("10.9.0.0/28"), blockOf("10.9.0.16/28", { node: "n2" })];
    expectAnswer(await send(agent, "POST", PATHS.blocks, own));
    expectAnswer(
      await send(agent, "POST", PATHS.blocks, other),
      "is that of node n2: the agent of node n1 may not claim it",
    );
    await server.make(PATHS.blocks, other);
    const paths = [own, other].map(({ metadata }) => `${PATHS.blocks}/${metadata.name}`);
    expectAnswer(await send(agent, "DELETE", paths[1] ?? ""), "the agent of node n1 may not give it back");
    expectAnswer(await send(agent, "PUT", paths[0] ?? "", own), 'cannot update resource "ipblocks"');
    expectAnswer(await send(agent, "DELETE", paths[0] ?? ""));
  });

  it.for([
    ["is held back", FINALIZED],
    ["belongs to something else", OWNED],
  ] as const)("claims no block that %s", async ([, holding]) => {
    const block = blockOf("10.9.0.0/28");
    const claimed = { ...block, metadata: { ...block.metadata, ...holding } };
    const refusal = "agents neither set nor change finalizers and ownerReferences";
    expectAnswer(await send(server.agent, "POST", PATHS.blocks, claimed), refusal);
  });

  it.for(POOL_ROWS)("and pools: makes $title", async ({ name, labels, annotations, metadata, spec, refusal }) => {
    const pool = {
      ...INLINE_POOL,
      metadata: {
        name: name ?? INLINE_POOL.metadata.name,
        labels: labels ?? INLINE_POOL.metadata.labels,
        annotations,
        ...metadata,
      },
      spec: { ...INLINE_POOL.spec, ...spec },
    };
    expectAnswer(await send(server.agent, "POST", PATHS.pools, pool), refusal);
  });

  it("changes no pool, nor its status", async () => {
    const pool = await server.make(PATHS.pools, INLINE_POOL);
    const path = `${PATHS.pools}/${INLINE_POOL.metadata.name}`;
    expectAnswer(await send(server.agent, "PUT", path, pool), 'cannot update resource "ippools"');
    expectAnswer(await send(server.agent, "DELETE", path), 'cannot delete resource "ippools"');
    expectAnswer(await send(server.agent, "PUT", `${path}/status`, pool), 'cannot update resource "ippools/status"');
  });
});

describe("an agent whose token names no node", () => {
  const NO_NODE = "the agent's token does not say on which node it runs";

  it.for([...ALLOWED_LEASES, ...ALLOWED_METADATA])("and leases: not even $title", async (row) => {
    expectAnswer(await writeLease(server, server.nameless, row), NO_NODE);
  });

  it("neither claims a block nor gives one back", async () => {
    const [block, claimed] = [blockOf("10.9.0.0/28"), blockOf("10.9.0.16/28")];
    await server.make(PATHS.blocks, claimed);
    expectAnswer(await send(server.nameless, "POST", PATHS.blocks, block), NO_NODE);
    expectAnswer(await send(server.nameless, "DELETE", `${PATHS.blocks}/${claimed.metadata.name}`), NO_NODE);
  });

  it("makes no pool", async () => {
    expectAnswer(await send(server.nameless, "POST", PATHS.pools, INLINE_POOL), NO_NODE);
  });

  it("still reads, so that its log can say what is wrong", async () => {
    expectAnswer(await send(server.nameless, "GET", PATHS.leases));
  });
});

it("somebody else with the rights is held to nothing: administrators have the last word", async () => {
  const { api } = server.controlPlane;
  expectAnswer(await send(api, "POST", PATHS.leases, attachedLease("10.9.0.5", { node: "n2" })));
  expectAnswer(await send(api, "DELETE", `${PATHS.leases}/10.9.0.5`));
});
