import { FakeClock, MemoryLeaseStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { IpamError } from "@cluster-ipam/errors";
import { expect, onTestFinished, test } from "vitest";
import { Agent } from "../agent.ts";
import { createServer } from "../service/server.ts";
import { written } from "../testing/agent-world.ts";
import { netnsOf } from "../testing/cni-calls.ts";
import { LogLines } from "../testing/log-lines.ts";
import { memoryDeps } from "../testing/memory-deps.ts";
import { leaseOf } from "../testing/objects.ts";
import { TickingClock } from "../testing/ticking-clock.ts";
import type { ReconcileMode } from "./reconcile-report.ts";

const LEASE = leaseOf("10.0.0.5", { sandbox: { netns: netnsOf("c1"), inode: "1", bootID: "boot-0" } });
const MINUTE_MS = 60_000;

/** An agent whose node has one stale lease, and its server. */
function serve(mode?: ReconcileMode, leases: MemoryLeaseStore = new MemoryLeaseStore()) {
  const clock = new FakeClock();
  const { log } = new LogLines();
  const reconciliation = { events: { tell: () => undefined } };
  const deps = memoryDeps({ leases, pools: new MemoryPoolStore(), clock: new TickingClock(clock), log });
  const agent = new Agent(mode === undefined ? deps : { ...deps, reconciliation: { ...reconciliation, mode } });
  const server = createServer(agent, log);
  onTestFinished(async () => {
    await server.close();
    await agent.close();
  });
  const ask = async () => server.inject({ method: "POST", url: "/v1/reconcile" });
  return { agent, leases, clock, ask };
}

test("POST /v1/reconcile makes a round, and answers what it found and did; the second one, a minute later, releases", async () => {
  const { agent, leases, clock, ask } = serve("on");
  await agent.loaded;
  await written(leases, LEASE);
  const first = await ask();
  expect(first.statusCode).toBe(200);
  const told = { ip: "10.0.0.5", pool: "lan", network: "lan", pod: "shop/web-0", containerId: "c1", ifName: "net1" };
  expect(first.json()).toEqual({
    mode: "on",
    leases: 1,
    done: [{ finding: "adopted", reason: "the server has it for this node", ...told }],
    suspected: [{ finding: "sandbox-gone", reason: "its network namespace is gone", ...told }],
    failures: [],
  });
  await clock.advance(MINUTE_MS);
  expect((await ask()).json()).toMatchObject({ mode: "on", leases: 0, suspected: [] });
  expect(leases.snapshot()).toEqual([]);
});

test("by itself the agent releases a stale lease a minute after its start", async () => {
  const { agent, leases, clock } = serve("on");
  await written(leases, LEASE);
  await agent.loaded;
  await clock.advance(MINUTE_MS + 1);
  expect(leases.snapshot()).toEqual([]);
});

test.each([["off"], [undefined]] as const)(
  "where reconciliation is %s that is said, and nothing is done",
  async (mode) => {
    const { agent, leases, clock, ask } = serve(mode);
    await written(leases, LEASE);
    await agent.loaded;
    const { statusCode, body } = await ask();
    expect(statusCode).toBe(503);
    expect(JSON.parse(body)).toEqual({ code: "agent-not-ready", msg: expect.stringContaining("--reconcile=off") });
    await clock.advance(60 * MINUTE_MS);
    expect(leases.snapshot()).toHaveLength(1);
  },
);

test("before the node's leases have been read there is nothing to compare, which is said", async () => {
  const leases = new MemoryLeaseStore();
  const error = new IpamError("apiserver-unreachable", "no answer");
  leases.faults.failReads("listByNode", { kind: "refused", error });
  const { ask } = serve("on", leases);
  const { statusCode, body } = await ask();
  expect(statusCode).toBe(503);
  expect(body).toContain("has not read its node's leases");
});
