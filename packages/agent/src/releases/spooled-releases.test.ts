import { MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { never, written } from "../testing/agent-world.ts";
import { attachmentOf } from "../testing/cni-calls.ts";
import { MemorySpool } from "../testing/memory-spool.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf } from "../testing/objects.ts";
import { settlePending } from "./settle-pending.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.5"],
  ["IPv6", "fd00::5"],
] as const;
const THIS_BOOT = "boot-1";
/** The first look, and the next one by attachment and by lease. */
const LOST_THRICE = Array.from({ length: 3 }, () => ({ kind: "lost" }) as const);
const DEL = { attachment: attachmentOf(), startedAtNs: 2_000n, bootId: THIS_BOOT };

function makeWorld(leases = new MemoryLeaseStore(), spool = new MemorySpool()): MemoryWorld {
  return memoryWorld({ leases, spool });
}

let world: MemoryWorld;

beforeEach(() => {
  world = makeWorld();
});

/** What the background work does: look, settle, tidy up. */
async function round(): Promise<void> {
  world.agent.spooled.look();
  await settlePending(never(), world.agent);
  world.agent.spooled.settle();
}

/** The same when nothing that an earlier process had under way can come any more. */
async function lastRound(): Promise<void> {
  await round();
  await world.clock.advance(LATE_WRITE_MS);
  await round();
}

/** The agent is killed, and another one starts on what the server and the disk have. */
async function restart(): Promise<void> {
  world = makeWorld(world.leases, world.spool);
  world.agent.spooled.look();
  await world.load();
}

function added(bootTimeNs: string, bootID = THIS_BOOT) {
  return { addedAt: { bootID, bootTimeNs } };
}

function addresses(): string[] {
  return world.leases.snapshot().map(({ spec }) => spec.address);
}

describe.each(FAMILIES)("a spooled release of an attachment with an %s lease", (_, address) => {
  test("is made, and its file goes", async () => {
    await written(world.leases, leaseOf(address, added("1999")));
    world.spool.put(DEL);
    await restart();
    await lastRound();
    expect(addresses()).toEqual([]);
    expect(world.spool.names).toEqual([]);
    expect(world.agent.spooled.size).toBe(0);
  });

  test.each([
    ["an ADD began later", "3000"],
    ["the two began at once", "2000"],
  ])("leaves the lease alone where %s", async (_what, bootTimeNs) => {
    await world.load();
    const addedAt = { bootID: "boot-1", bootTimeNs };
    world.agent.attachments.put(await written(world.leases, leaseOf(address, { addedAt })));
    world.spool.put(DEL);
    await lastRound();
    expect(addresses()).toEqual([address]);
    expect(world.spool.names).toEqual([]);
  });

  test("leaves it alone where an ADD began later in another process, however often the file comes back", async () => {
    await written(world.leases, leaseOf(address, added("2001")));
    for (let time = 0; time < 3; time += 1) {
      world.spool.put(DEL);
      await restart();
      await round();
    }
    expect(addresses()).toEqual([address]);
  });

  test("of an earlier boot is made on what is from before this one, however late that clock was", async () => {
    await written(world.leases, leaseOf(address, added("5", "boot-0")));
    world.spool.put({ ...DEL, bootId: "boot-0", startedAtNs: 1n });
    await restart();
    await lastRound();
    expect(addresses()).toEqual([]);
    expect(world.spool.names).toEqual([]);
  });

  test.each([
    ["of an earlier boot", "boot-0"],
    ["whose boot nobody could tell", ""],
  ])("%s leaves alone what was taken in this one, though its own clock stood higher", async (_what, bootId) => {
    await written(world.leases, leaseOf(address, added("7")));
    world.spool.put({ ...DEL, bootId, startedAtNs: 9_999_999n });
    await restart();
    await lastRound();
    expect(addresses()).toEqual([address]);
    expect(world.spool.names).toEqual([]);
  });
});

describe("the file of a release", () => {
  test("stays while the server does not confirm, and is found again after a kill", async () => {
    await written(world.leases, leaseOf("10.0.0.5", added("1")));
    world.spool.put(DEL);
    await restart();
    world.leases.faults.failWrites("delete", { kind: "lost" });
    await round();
    expect(addresses()).toEqual(["10.0.0.5"]);
    expect(world.spool.names).toHaveLength(1);
    await restart();
    await lastRound();
    expect(addresses()).toEqual([]);
    expect(world.spool.names).toEqual([]);
  });

  test("does not wait for another interface that cannot be released", async () => {
    const other = attachmentOf({ containerId: "c2" });
    await written(world.leases, leaseOf("10.0.0.5"));
    await written(world.leases, leaseOf("10.0.0.6", { containerID: "c2" }));
    world.spool.put(DEL);
    const stays = world.spool.put({ ...DEL, attachment: other, startedAtNs: 3_000n });
    await restart();
    world.leases.faults.failWrites("delete", { kind: "held", until: Promise.resolve() }, ...LOST_THRICE);
    await lastRound();
    expect(addresses()).toEqual(["10.0.0.6"]);
    expect(world.spool.names).toEqual([stays]);
  });

  test("that cannot be removed is told once and not carried out again by this process", async () => {
    await world.load();
    world.spool.put(DEL);
    world.agent.spooled.look();
    world.spool.isFull = true;
    for (let time = 0; time < 3; time += 1) await lastRound();
    expect(world.lines.with("settled release cannot be removed from the spool")).toHaveLength(1);
    expect(world.lines.with("spooled release taken up")).toHaveLength(1);
    expect(world.agent.spooled.size).toBe(0);
  });

  test("is read once, however often the spool is looked at", async () => {
    world.spool.put(DEL);
    for (let time = 0; time < 3; time += 1) world.agent.spooled.look();
    expect(world.lines.with("spooled release taken up")).toMatchObject([
      { containerId: "c1", ifName: "net1", network: "lan", isOfThisBoot: true },
    ]);
    expect(world.agent.pending.size).toBe(1);
  });
});

test("two DELs of one attachment are one release, as of the later one, and both files go", async () => {
  await written(world.leases, leaseOf("10.0.0.5", added("2500")));
  for (const startedAtNs of [3_000n, 2_000n]) world.spool.put({ ...DEL, startedAtNs });
  await restart();
  expect(world.agent.pending.due()).toMatchObject([{ kind: "attachment", startedAtNs: 3_000n }]);
  await lastRound();
  expect(addresses()).toEqual([]);
  expect(world.spool.names).toEqual([]);
});

test("a DEL without a network releases every network of its interface, and no other interface", async () => {
  await written(world.leases, leaseOf("10.0.0.5"));
  await written(world.leases, leaseOf("10.1.0.5", { network: "wan" }));
  await written(world.leases, leaseOf("10.0.0.6", { ifName: "net2" }));
  world.spool.put({ ...DEL, attachment: { ...DEL.attachment, network: "" } });
  await restart();
  await round();
  expect(addresses()).toEqual(["10.0.0.6"]);
});

test("a release of an attachment that never was costs two lists and is done", async () => {
  await world.load();
  world.leases.faults.calls.length = 0;
  world.spool.put(DEL);
  await lastRound();
  expect(world.leases.faults.calls.map(({ operation }) => operation)).toEqual(["listByNode", "listByNode"]);
  expect(world.spool.names).toEqual([]);
});

test("what cannot be kept is not counted as kept", async () => {
  world.spool.isFull = true;
  await world.agent.spooled.keep(DEL);
  expect(world.agent.spooled.size).toBe(0);
});
