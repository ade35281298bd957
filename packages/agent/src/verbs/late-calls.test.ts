import { FakeClock, seededRandom } from "@cluster-ipam/allocator/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { AgentWorld, never, written } from "../testing/agent-world.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

/** Calls and writes that arrive in another order than they began in. */

const ONE_ADDRESS = { ranges: [{ subnet: "10.0.0.0/24", start: "10.0.0.9", end: "10.0.0.9", assign: "Any" as const }] };
const ANOTHER_POD = { namespace: "shop", name: "db-0", uid: "uid-db-0" };

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  await world.load();
});

function holders(): string[] {
  return world.leases.snapshot().map(({ spec }) => `${spec.address} of ${spec.containerID}`);
}

describe("an ADD of an older sandbox that comes after that of the pod's newer one", () => {
  test("is refused, and its DEL leaves the newer one's address alone", async () => {
    world.pools.put(poolOf("lan", [], ONE_ADDRESS));
    await world.add({ containerId: "c2", startedAtNs: 2_000n });
    await expect(world.add({ containerId: "c1", startedAtNs: 1_000n })).rejects.toMatchObject({ code: "cancelled" });
    await world.del({ containerId: "c1", startedAtNs: 3_000n });
    const stranger = world.add({ containerId: "c9", pod: ANOTHER_POD, startedAtNs: 4_000n });
    await expect(stranger).rejects.toMatchObject({ code: "pool-exhausted" });
    expect(holders()).toEqual(["10.0.0.9 of c2"]);
  });

  test("is refused by an agent that was started in between, too", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    await world.add({ containerId: "c2", startedAtNs: 2_000n });
    const { leases, pools } = world;
    const again = new AgentWorld({ leases, pools, clock: new FakeClock(), random: seededRandom(2) });
    await again.load();
    await expect(again.add({ containerId: "c1", startedAtNs: 1_000n })).rejects.toMatchObject({ code: "cancelled" });
  });

  test("gives nothing back that the newer one has taken over meanwhile", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    world.pools.put(poolOf("full", [], { ranges: [{ subnet: "10.5.0.0/30", end: "10.5.0.0", assign: "Any" }] }));
    await world.add({ containerId: "c1", startedAtNs: 10n });
    const listed = Promise.withResolvers<void>();
    world.leases.faults.failReads("listNames", { kind: "held", until: listed.promise });
    const wantsMore = { containerId: "c1", startedAtNs: 11n, ipam: { pools: ["lan", "full"] } };
    const repeated = world.add(wantsMore).catch((error: unknown) => error);
    for (let turn = 0; turn < 5; turn += 1) await world.clock.advance(0);
    const address = await world.addOne({ containerId: "c2", startedAtNs: 12n });
    listed.resolve();
    expect(await repeated).toMatchObject({ code: "pool-exhausted" });
    await settlePending(never(), world.agent);
    expect(await world.addOne({ containerId: "c2", startedAtNs: 13n })).toBe(address);
    await world.del({ containerId: "c2", startedAtNs: 14n });
    await world.del({ containerId: "c1", startedAtNs: 15n });
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });
});

describe("an ADD that comes after a newer one of its attachment", () => {
  test("is refused, and a DEL that began between the two leaves the newer one's lease alone", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    await world.add({ startedAtNs: 12n });
    await expect(world.add({ startedAtNs: 10n })).rejects.toMatchObject({ code: "cancelled" });
    await world.del({ startedAtNs: 11n });
    expect(world.leases.snapshot()).toHaveLength(1);
  });

  test("does not undo what the newer one has, whatever it asks for", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    world.pools.put(poolOf("six", ["fd00::/64"]));
    await world.add({ startedAtNs: 12n });
    const late = world.add({ startedAtNs: 10n, ipam: { pools: ["lan", "six"] } });
    await expect(late).rejects.toMatchObject({ code: "cancelled" });
    expect(holders()).toHaveLength(1);
  });
});

describe("a delete that happens after it was given up", () => {
  test("does not hit the lease that a fixed ADD of the same attachment has made its own", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    const config = { runtimeConfig: { ips: ["10.0.0.77"] } };
    await world.add({ config, startedAtNs: 10n });
    const arrives = Promise.withResolvers<void>();
    const late = { kind: "late", until: arrives.promise } as const;
    world.leases.faults.failWrites("delete", late, late);
    await world.del({ startedAtNs: 11n });
    await world.add({ config, startedAtNs: 12n });
    arrives.resolve();
    await world.clock.advance(0);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual(["10.0.0.77 of c1"]);
  });

  test("does not hit the lease of an ADD whose create was lost and repeated", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    await world.add({ startedAtNs: 10n });
    const arrives = Promise.withResolvers<void>();
    const late = { kind: "late", until: arrives.promise } as const;
    world.leases.faults.failWrites("delete", late, late);
    await world.del({ startedAtNs: 11n });
    world.leases.faults.failWrites("create", { kind: "lost" });
    const adding = world.addOne({ startedAtNs: 12n });
    await world.clock.advance(60);
    const address = await adding;
    arrives.resolve();
    await world.clock.advance(0);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([`${address} of c1`]);
  });
});

describe("a lease that is being deleted, held back by somebody's finalizer,", () => {
  const LEAVING = { deletionTimestamp: "2026-01-01T00:00:00Z" };

  test("is nobody's to take over, also where the agent found it at its start", async () => {
    world.pools.put(poolOf("lan", [], ONE_ADDRESS));
    const lease = leaseOf("10.0.0.9");
    await world.leases.create({ ...lease, metadata: { name: lease.metadata.name, ...LEAVING } });
    await world.load();
    await expect(world.add({ containerId: "c2" })).rejects.toMatchObject({ code: "pool-exhausted" });
  });

  test("is not the answer to a repeated ADD", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    const lease = leaseOf("10.0.0.9");
    await world.leases.create({ ...lease, metadata: { name: lease.metadata.name, ...LEAVING } });
    await world.load();
    expect(await world.addOne({ containerId: "c1" })).not.toBe("10.0.0.9");
  });
});

test("an IPv6 lease that came after the agent's first list is released with the IPv4 one", async () => {
  await written(world.leases, leaseOf("10.0.0.5"));
  await world.load();
  await written(world.leases, leaseOf("fd00::5"));
  await world.del();
  expect(holders()).toEqual([]);
});
