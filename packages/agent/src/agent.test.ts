import { FakeClock, MemoryLeaseStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { IpamError } from "@cluster-ipam/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Agent } from "./agent.ts";
import { LATE_WRITE_MS } from "./attachments/attachments.ts";
import { never, written } from "./testing/agent-world.ts";
import { attachmentOf, type CallFixture, cniCall } from "./testing/cni-calls.ts";
import { FakeCircuit } from "./testing/fake-circuit.ts";
import { LogLines } from "./testing/log-lines.ts";
import { memoryDeps } from "./testing/memory-deps.ts";
import { MemorySpool } from "./testing/memory-spool.ts";
import { leaseOf, poolOf } from "./testing/objects.ts";
import { TickingClock } from "./testing/ticking-clock.ts";

const NOT_NOW = {
  kind: "refused",
  error: new IpamError("apiserver-refused", "no permission to list ipleases"),
} as const;

let leases: MemoryLeaseStore;
let pools: MemoryPoolStore;
let clock: FakeClock;
let lines: LogLines;
let spool: MemorySpool;
let circuit: FakeCircuit;
let agent: Agent | undefined;

beforeEach(() => {
  leases = new MemoryLeaseStore();
  pools = new MemoryPoolStore();
  clock = new FakeClock();
  lines = new LogLines();
  spool = new MemorySpool();
  circuit = new FakeCircuit();
  pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
});

afterEach(async () => {
  leases.faults.comeBack();
  await agent?.close();
  agent = undefined;
});

function start(): Agent {
  agent = new Agent(
    memoryDeps({
      leases,
      pools,
      clock: new TickingClock(clock),
      log: lines.log,
      circuit,
      spool,
      readFile: (path) => path,
    }),
  );
  return agent;
}

function call(of: Agent, fixture: CallFixture): ReturnType<Agent["call"]> {
  return of.call(cniCall(fixture), never());
}

/** The start of the ADD that took a lease. */
function addedAtNs(ns: bigint): { readonly addedAt: { readonly bootID: string; readonly bootTimeNs: string } } {
  return { addedAt: { bootID: "boot-1", bootTimeNs: ns.toString() } };
}

describe("an agent that starts", () => {
  test("reads its node's leases once, and tells when it has", async () => {
    await written(leases, leaseOf("10.0.0.5"));
    await written(leases, leaseOf("fd00::5", { node: "n2" }));
    leases.faults.calls.length = 0;
    const started = start();
    const counts = { pendingReleases: 0, spooledReleases: 0, apiServer: { circuit: "closed" } };
    expect(started.health()).toEqual({ node: "n1", isLoaded: false, leases: 0, ...counts });
    await started.loaded;
    expect(started.health()).toEqual({ node: "n1", isLoaded: true, leases: 1, ...counts });
    await clock.advance(60_000);
    expect(leases.faults.calls).toEqual([{ operation: "listByNode", name: "n1" }]);
  });

  test("reads them once more when an earlier agent can have nothing under way any longer", async () => {
    const started = start();
    await started.loaded;
    // A create of the agent before, done only now.
    await written(leases, leaseOf("10.0.0.5"));
    leases.faults.calls.length = 0;
    await clock.advance(LATE_WRITE_MS - 1);
    expect(leases.faults.calls).toEqual([]);
    await clock.advance(1);
    // What the list shows is read once more: a DEL may have come since.
    expect(leases.faults.calls).toEqual([
      { operation: "listByNode", name: "n1" },
      { operation: "get", name: "10.0.0.5" },
    ]);
    expect(started.health().leases).toBe(1);
    await clock.advance(3_600_000);
    expect(leases.faults.calls).toHaveLength(2);
  });

  test("tries again, less and less often, until the server has answered", async () => {
    leases.faults.failReads("listByNode", ...Array.from({ length: 8 }, () => NOT_NOW));
    const started = start();
    const triesAtMs: number[] = [];
    for (let atMs = 0; atMs <= 46_000; atMs += 500) {
      await clock.advance(atMs === 0 ? 0 : 500);
      if (leases.faults.calls.splice(0).length > 0) triesAtMs.push(atMs);
    }
    expect(triesAtMs).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 25_500, 35_500, 45_500]);
    await started.loaded;
    expect(lines.with("node's leases could not be read and will be tried again")).toHaveLength(8);
  });

  test("refuses ADD, and accepts DEL, STATUS and GC, until the server has answered", async () => {
    await written(leases, leaseOf("10.0.0.5"));
    leases.faults.failReads("listByNode", NOT_NOW);
    const started = start();
    await clock.advance(0);
    await expect(call(started, { command: "ADD", containerId: "c2" })).rejects.toMatchObject({
      code: "agent-not-ready",
      message: expect.stringContaining("no permission to list ipleases"),
    });
    await call(started, { command: "STATUS" });
    await call(started, { command: "GC", config: { "cni.dev/valid-attachments": [] } });
    await call(started, { command: "DEL", startedAtNs: 2_000n });
    expect(started.health()).toMatchObject({ isLoaded: false, pendingReleases: 1 });
    await clock.advance(500);
    await started.loaded;
    await clock.advance(1_000);
    expect(leases.snapshot()).toEqual([]);
    expect(started.health()).toMatchObject({ isLoaded: true, pendingReleases: 0 });
  });

  test("can be ended before the server has answered, without a word about trying again", async () => {
    leases.faults.goAway();
    const started = start();
    await clock.advance(0);
    await started.close();
    expect(lines.with("node's leases could not be read and will be tried again")).toEqual([]);
  });
});

describe("an agent that runs", () => {
  test("answers every verb: a result for ADD, nothing for the others", async () => {
    const started = start();
    await started.loaded;
    const result = await call(started, { command: "ADD" });
    expect(result?.ips).toHaveLength(2);
    expect(
      await call(started, { command: "CHECK", config: { prevResult: { ips: result?.ips ?? [] } } }),
    ).toBeUndefined();
    expect(await call(started, { command: "STATUS" })).toBeUndefined();
    expect(await call(started, { command: "GC", startedAtNs: 2_000n })).toBeUndefined();
    expect(await call(started, { command: "DEL", startedAtNs: 3_000n })).toBeUndefined();
    expect(leases.snapshot()).toEqual([]);
  });

  test("is good for STATUS while the server is away", async () => {
    const started = start();
    await started.loaded;
    leases.faults.goAway();
    pools.faults.goAway();
    expect(await call(started, { command: "STATUS" })).toBeUndefined();
  });

  test("asks nothing of the server while nobody calls", async () => {
    const started = start();
    await started.loaded;
    await clock.advance(LATE_WRITE_MS);
    leases.faults.calls.length = 0;
    await clock.advance(3_600_000);
    expect([...leases.faults.calls, ...pools.faults.calls]).toEqual([]);
  });

  test("keeps the pools in use fresh, so that no ADD reads one", async () => {
    const started = start();
    await started.loaded;
    await call(started, { command: "ADD" });
    await clock.advance(29_000);
    pools.faults.calls.length = 0;
    await call(started, { command: "ADD", containerId: "c2" });
    expect(pools.faults.calls).toEqual([]);
  });

  test("makes a release good that the server did not confirm", async () => {
    const started = start();
    await started.loaded;
    await call(started, { command: "ADD" });
    leases.faults.failWrites("delete", { kind: "lost" });
    await call(started, { command: "DEL", startedAtNs: 2_000n });
    expect(started.health()).toMatchObject({ leases: 0, pendingReleases: 1 });
    await clock.advance(1_000);
    expect(started.health()).toMatchObject({ pendingReleases: 0 });
    expect(leases.snapshot()).toEqual([]);
  });
});

describe("an agent that is started after a DEL was spooled", () => {
  const spooled = { attachment: attachmentOf(), startedAtNs: 2_000n, bootId: "boot-1" };

  test("makes the release, and removes the file only then", async () => {
    await written(leases, leaseOf("10.0.0.5", addedAtNs(1_000n)));
    spool.put(spooled);
    leases.faults.failWrites("delete", { kind: "lost" });
    const started = start();
    await started.loaded;
    await clock.advance(1_000);
    expect(started.health()).toMatchObject({ pendingReleases: 1, spooledReleases: 1 });
    expect(spool.names).toHaveLength(1);
    await clock.advance(2_000);
    expect(leases.snapshot()).toEqual([]);
    // What an earlier process had under way may come until then.
    await clock.advance(LATE_WRITE_MS - 4_000);
    expect(started.health()).toMatchObject({ leases: 0, pendingReleases: 0, spooledReleases: 1 });
    await clock.advance(6_000);
    expect(started.health()).toMatchObject({ leases: 0, pendingReleases: 0, spooledReleases: 0 });
    expect(spool.names).toEqual([]);
  });

  test("releases what an earlier process had under way and is written only now", async () => {
    spool.put(spooled);
    const started = start();
    await started.loaded;
    await clock.advance(60_000);
    await written(leases, leaseOf("10.0.0.5", addedAtNs(1_999n)));
    await written(leases, leaseOf("fd00::5", addedAtNs(2_000n)));
    await clock.advance(LATE_WRITE_MS);
    expect(leases.snapshot().map(({ spec }) => spec.address)).toEqual(["fd00::5"]);
    expect(started.health()).toMatchObject({ pendingReleases: 0, spooledReleases: 0 });
    expect(leases.faults.calls.filter(({ operation }) => operation === "listByNode").length).toBeLessThanOrEqual(7);
  });

  test("refuses an ADD that began before that DEL", async () => {
    spool.put(spooled);
    const started = start();
    await started.loaded;
    await expect(call(started, { command: "ADD", startedAtNs: 1_999n })).rejects.toMatchObject({ code: "cancelled" });
    await expect(call(started, { command: "ADD", startedAtNs: 2_001n })).resolves.toMatchObject({ ips: [{}, {}] });
  });

  test("leaves alone what an ADD took that began after the DEL, though another process served it", async () => {
    await written(leases, leaseOf("10.0.0.5", addedAtNs(3_000n)));
    await written(leases, leaseOf("fd00::5", addedAtNs(1_000n)));
    spool.put(spooled);
    await start().loaded;
    await clock.advance(LATE_WRITE_MS + 10_000);
    expect(leases.snapshot().map(({ spec }) => spec.address)).toEqual(["10.0.0.5"]);
    expect(spool.names).toEqual([]);
  });

  test("takes up what a plugin spools while it runs", async () => {
    const started = start();
    await started.loaded;
    await call(started, { command: "ADD" });
    spool.put(spooled);
    await clock.advance(11_000);
    expect(leases.snapshot()).toEqual([]);
    await clock.advance(LATE_WRITE_MS);
    expect(spool.names).toEqual([]);
  });
});

test("an agent tells since when the API server gives no answers and why, and the log when that begins and ends", async () => {
  const started = start();
  await started.loaded;
  for (let time = 0; time < 3; time += 1) circuit.open();
  expect(started.health().apiServer).toEqual({
    circuit: "open",
    since: new Date("2026-11-21T12:00:00Z"),
    lastFailure: "connect ECONNREFUSED 192.0.2.1:6443",
  });
  expect(lines.with("API server gives no usable answers")).toMatchObject([
    { apiServer: "https://192.0.2.1:6443", reason: "connect ECONNREFUSED 192.0.2.1:6443" },
  ]);
  circuit.close();
  expect(started.health().apiServer).toEqual({ circuit: "closed" });
  expect(lines.with("API server answers again")).toHaveLength(1);
});

test("what keeps the node's leases from being read is told at once when the circuit opens", async () => {
  leases.faults.failReads("listByNode", { kind: "unanswered" });
  const started = start();
  await clock.advance(0);
  circuit.open();
  await clock.advance(0);
  await expect(call(started, { command: "ADD" })).rejects.toMatchObject({
    code: "agent-not-ready",
    message: expect.stringContaining("memory gave no usable answer"),
  });
  circuit.close();
  await clock.advance(1_000);
  await started.loaded;
});

describe("an agent that ends", () => {
  /** An ADD, its DEL of which the first so many deletes get lost, and the agent's end. */
  async function endAfterLosing(deletes: number): Promise<void> {
    const started = start();
    await started.loaded;
    await call(started, { command: "ADD" });
    leases.faults.failWrites("delete", ...Array.from({ length: deletes }, () => ({ kind: "lost" }) as const));
    await call(started, { command: "DEL", startedAtNs: 2_000n });
    await started.close();
  }

  test("leaves what a DEL asked for in the spool, and the next one makes it", async () => {
    await endAfterLosing(4);
    expect(leases.snapshot()).toHaveLength(2);
    const next = start();
    await next.loaded;
    await clock.advance(1_000);
    expect(leases.snapshot()).toEqual([]);
    await clock.advance(LATE_WRITE_MS + 10_000);
    expect(spool.names).toEqual([]);
  });

  test("tries once more to make good what is pending", async () => {
    await endAfterLosing(1);
    expect(leases.snapshot()).toEqual([]);
    expect(lines.with("agent ends with releases pending")).toEqual([]);
  });

  test("tells the log what it could not make good", async () => {
    await endAfterLosing(4);
    expect(lines.with("agent ends with releases pending")).toMatchObject([{ pendingReleases: 2, spooledReleases: 1 }]);
  });

  test("leaves nobody asleep", async () => {
    const started = start();
    await started.loaded;
    await started.close();
    expect(clock.sleeping).toBe(0);
  });
});
