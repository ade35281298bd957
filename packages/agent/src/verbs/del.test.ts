import { FakeClock, seededRandom } from "@cluster-ipam/allocator/testing";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { readLateLeases } from "../reconciliation/node-leases.ts";
import { settlePending } from "../releases/settle-pending.ts";
import { AgentWorld, never, written } from "../testing/agent-world.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.0/24", "10.0.0.5"],
  ["IPv6", "fd00::/64", "fd00::5"],
] as const;
const FORBIDDEN = {
  kind: "refused",
  error: new IpamError("apiserver-refused", "no permission to delete ipleases"),
} as const;

let world: MemoryWorld;

beforeEach(() => {
  world = memoryWorld();
});

function operations(): string[] {
  return world.leases.faults.calls.splice(0).map(({ operation }) => operation);
}

function holders(): string[] {
  return world.leases.snapshot().map(({ spec }) => `${spec.containerID}/${spec.ifName}/${spec.network}`);
}

describe.each(FAMILIES)("a DEL of an attachment with an %s lease", (_, subnet, address) => {
  beforeEach(async () => {
    world.pools.put(poolOf("lan", [subnet]));
    await world.load();
    operations();
  });

  test("that this process has made is one write and no read", async () => {
    await world.add();
    operations();
    await world.del();
    expect(operations()).toEqual(["delete"]);
    expect(holders()).toEqual([]);
  });

  test("that the agent has found at its start is one write and no read once nothing can come after that list", async () => {
    await written(world.leases, leaseOf(address));
    await world.load();
    await world.clock.advance(LATE_WRITE_MS);
    operations();
    await world.del();
    expect(operations()).toEqual(["delete"]);
    expect(holders()).toEqual([]);
  });

  test("that the agent has found at its start is released with what came after that list", async () => {
    await written(world.leases, leaseOf(address));
    await world.load();
    await written(world.leases, leaseOf("10.0.7.7"));
    operations();
    await world.del();
    expect(operations()).toEqual(["listByNode", "delete", "delete"]);
    expect(holders()).toEqual([]);
  });

  test("that the agent has found at its start is released with what came since, while the second list is on its way", async () => {
    await written(world.leases, leaseOf(address));
    await world.load();
    await written(world.leases, leaseOf("10.0.7.7"));
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failReads("listByNode", { kind: "held", until: answered.promise });
    const late = readLateLeases(world.agent, never());
    await world.clock.advance(LATE_WRITE_MS);
    const deleted = world.del();
    answered.resolve();
    await Promise.all([late, deleted]);
    expect(holders()).toEqual([]);
  });

  test("that only the server knows of costs one list, and releases it", async () => {
    await written(world.leases, leaseOf(address));
    operations();
    await world.del();
    expect(operations()).toEqual(["listByNode", "delete"]);
    expect(holders()).toEqual([]);
  });

  test("leaves alone every other attachment", async () => {
    await world.add();
    await world.add({ ifName: "net2" });
    await world.add({ containerId: "c2", pod: undefined });
    await world.add({ network: "wan", ipam: { pool: "lan" } });
    await world.del();
    expect(holders().toSorted()).toEqual(["c1/net1/wan", "c1/net2/lan", "c2/net1/lan"]);
  });

  test("that somebody wrote to meanwhile reads it and deletes its new version", async () => {
    await world.add();
    const [lease] = world.leases.snapshot();
    if (lease === undefined) throw new Error("there is no lease");
    await world.leases.replace(lease);
    operations();
    await world.del();
    expect(operations()).toEqual(["delete", "get", "delete"]);
    expect(holders()).toEqual([]);
  });

  test("that is somebody else's by now leaves it alone and is done", async () => {
    await world.add();
    const [lease] = world.leases.snapshot();
    if (lease === undefined) throw new Error("there is no lease");
    await world.leases.replace({ ...lease, spec: { ...lease.spec, containerID: "c9" } });
    await world.del();
    expect(holders()).toEqual(["c9/net1/lan"]);
    expect(world.agent.pending.size).toBe(0);
  });

  test.each([
    ["has no answer", { kind: "lost" } as const],
    ["is refused", FORBIDDEN],
  ])("whose delete %s succeeds, and the release is pending", async (_why, fault) => {
    await world.add();
    world.leases.faults.failWrites("delete", fault);
    await world.del();
    expect(world.agent.attachments.size).toBe(0);
    expect(world.agent.pending.size).toBe(1);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("that has run out of time succeeds, and the release is pending", async () => {
    await world.add();
    await world.del({}, AbortSignal.abort(new IpamError("apiserver-unreachable", "too late")));
    expect(world.agent.pending.size).toBeGreaterThan(0);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("with a configuration that cannot be read releases every network of the interface", async () => {
    await world.add();
    await world.add({ network: "wan", ipam: { pool: "lan" } });
    await world.add({ ifName: "net2" });
    await world.del({ config: { name: 7, ipam: "?" } });
    expect(holders()).toEqual(["c1/net2/lan"]);
  });

  test("that only the server knows of, with a configuration that cannot be read, releases every network too", async () => {
    await written(world.leases, leaseOf(address));
    await written(world.leases, leaseOf("192.0.2.9", { network: "wan" }));
    await written(world.leases, leaseOf("192.0.2.10", { ifName: "net2" }));
    await world.del({ config: { name: 7 } });
    expect(holders()).toEqual(["c1/net2/lan"]);
  });

  test("with an ipam section of its type alone releases it", async () => {
    await world.add({ ipam: { subnet: subnet } });
    await world.del({ ipam: {} });
    expect(holders()).toEqual([]);
  });
});

describe("a DEL of an attachment with several leases", () => {
  beforeEach(async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
    await world.load();
    await world.add();
  });

  test("releases all of them", async () => {
    await world.del();
    expect(holders()).toEqual([]);
  });

  test("goes on where one of them cannot be released", async () => {
    world.leases.faults.failWrites("delete", FORBIDDEN);
    await world.del();
    expect(holders()).toHaveLength(1);
    expect(world.lines.with("lease release failed")).toMatchObject([{ err: { code: "apiserver-refused" } }]);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });
});

describe("a DEL of an attachment that never was", () => {
  beforeEach(async () => {
    await world.load();
    operations();
  });

  test("costs a list each time while something of an earlier process may still be written", async () => {
    await world.del();
    await world.del({ startedAtNs: 9_000n });
    expect(operations()).toEqual(["listByNode", "listByNode"]);
  });

  test("costs one list, and a repeated one nothing", async () => {
    await world.clock.advance(LATE_WRITE_MS);
    await world.del();
    expect(operations()).toEqual(["listByNode"]);
    await world.del();
    await world.del({ startedAtNs: 9_000n });
    expect(operations()).toEqual([]);
  });

  test("costs a list again once the attachment has had a lease that memory lost", async () => {
    world.pools.put(poolOf("lan", ["fd00::/64"]));
    await world.del({ startedAtNs: 1n });
    await world.add({ startedAtNs: 2n });
    world.agent.attachments.forget(world.leases.snapshot()[0]?.metadata.name ?? "");
    operations();
    await world.del({ startedAtNs: 3n });
    expect(operations()).toEqual(["listByNode", "delete"]);
  });

  test("shares one list with many others that come at once", async () => {
    const others = Array.from({ length: 50 }, (_, n) => world.del({ containerId: `x${n}` }));
    await Promise.all(others);
    expect(operations().length).toBeLessThanOrEqual(2);
  });
});

describe("a DEL before the node's leases have been read", () => {
  test("succeeds at once, and releases what it names once they have", async () => {
    await written(world.leases, leaseOf("10.0.0.5"));
    await written(world.leases, leaseOf("fd00::5"));
    await written(world.leases, leaseOf("10.0.0.6", { containerID: "c2" }));
    operations();
    await world.del();
    expect(operations()).toEqual([]);
    await world.load();
    await settlePending(never(), world.agent);
    expect(holders()).toEqual(["c2/net1/lan"]);
  });

  test("is in the spool by the time it has succeeded, also when the agent is killed right then", async () => {
    await written(world.leases, leaseOf("10.0.0.5"));
    await world.del();
    expect(world.spool.names).toHaveLength(1);
    const { leases, pools, spool } = world;
    world = new AgentWorld({ leases, pools, spool, clock: new FakeClock(), random: seededRandom(2) });
    world.agent.spooled.look();
    await world.load();
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });

  test("beats an older ADD that comes once they have", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    await world.del({ startedAtNs: 20n });
    await world.load();
    await expect(world.add({ startedAtNs: 10n })).rejects.toMatchObject({ code: "cancelled" });
  });

  test("leaves alone what a later ADD has by then, also when it is what was there before", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    await written(world.leases, leaseOf("10.0.0.5"));
    await world.del({ startedAtNs: 10n });
    await world.load();
    const { ips } = await world.add({ startedAtNs: 20n });
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot().map(({ spec }) => `${spec.address}/${spec.prefixLength}`)).toEqual([
      ips[0]?.address,
    ]);
    expect(world.agent.pending.size).toBe(0);
  });
});

describe("a DEL that succeeds before its release is made", () => {
  beforeEach(async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    await world.load();
    await world.add();
  });

  test.each([
    ["that is not confirmed", { kind: "lost" }],
    ["that the server refuses", FORBIDDEN],
  ] as const)("keeps a release %s in the spool, until it is made", async (_, fault) => {
    world.leases.faults.failWrites("delete", fault);
    await world.del();
    expect(world.spool.names).toHaveLength(1);
    world.agent.spooled.settle();
    expect(world.spool.names).toHaveLength(1);
    await settlePending(never(), world.agent);
    world.agent.spooled.settle();
    expect(holders()).toEqual([]);
    expect(world.spool.names).toEqual([]);
  });

  test("leaves the spool alone where the release is made at once", async () => {
    world.spool.isFull = true;
    await world.del();
    expect(world.lines.with("release could not be spooled and is lost if the agent ends before it is made")).toEqual(
      [],
    );
    expect(world.spool.names).toEqual([]);
  });

  test("succeeds also where the disk is full, tells the log, and is made good by this process", async () => {
    world.spool.isFull = true;
    world.leases.faults.failWrites("delete", { kind: "lost" });
    await world.del();
    expect(
      world.lines.with("release could not be spooled and is lost if the agent ends before it is made"),
    ).toMatchObject([{ containerId: "c1", ifName: "net1", network: "lan" }]);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });
});

describe("a DEL whose list fails", () => {
  test("succeeds, is told to the log, and is made good later", async () => {
    await world.load();
    await written(world.leases, leaseOf("fd00::5"));
    world.leases.faults.failReads("listByNode", {
      kind: "refused",
      error: new IpamError("apiserver-refused", "no permission to list"),
    });
    await world.del();
    expect(world.lines.with("release put off")).toMatchObject([{ containerId: "c1", ifName: "net1" }]);
    expect(world.agent.pending.size).toBe(1);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });

  test("succeeds when its time is over, while the list of another call goes on", async () => {
    await world.load();
    await written(world.leases, leaseOf("fd00::5"));
    world.leases.faults.goAway();
    const other = world.agent.nodeLeases.since(world.agent.clock.nowMs(), never());
    const deadline = new AbortController();
    const deleting = world.del({}, deadline.signal);
    await world.clock.advance(0);
    deadline.abort(new IpamError("apiserver-unreachable", "too late"));
    await deleting;
    expect(world.agent.pending.size).toBe(1);
    world.leases.faults.comeBack();
    await other;
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });
});

describe("a DEL that began before the ADD that has the lease", () => {
  beforeEach(async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
    await world.load();
  });

  test("and arrives after it leaves the lease alone", async () => {
    await world.add({ startedAtNs: 20n });
    await world.del({ startedAtNs: 10n });
    expect(holders()).toHaveLength(2);
    await world.del({ startedAtNs: 30n });
    expect(holders()).toEqual([]);
  });

  test("does not pass for the release of that lease", async () => {
    await world.add({ startedAtNs: 20n });
    await world.del({ startedAtNs: 10n });
    for (const { metadata } of world.leases.snapshot()) world.agent.attachments.forget(metadata.name);
    await world.del({ startedAtNs: 30n });
    expect(holders()).toEqual([]);
  });

  test("and arrives while it runs leaves both alone", async () => {
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failWrites("create", { kind: "held", until: answered.promise });
    const adding = world.add({ startedAtNs: 20n });
    await world.clock.advance(0);
    const deleting = world.del({ startedAtNs: 10n });
    answered.resolve();
    expect((await adding).ips).toHaveLength(2);
    await deleting;
    expect(holders()).toHaveLength(2);
  });

  test("leaves the lease alone that the ADD found there", async () => {
    await world.add({ startedAtNs: 5n });
    await world.add({ startedAtNs: 20n });
    await world.del({ startedAtNs: 10n });
    expect(holders()).toHaveLength(2);
  });

  test("releases what the ADD before it left on another network of the interface", async () => {
    await world.add({ startedAtNs: 5n });
    await world.add({ startedAtNs: 20n, network: "wan", ipam: { pool: "lan" } });
    await world.del({ startedAtNs: 10n, config: { name: 7 } });
    expect(new Set(holders())).toEqual(new Set(["c1/net1/wan"]));
  });
});
