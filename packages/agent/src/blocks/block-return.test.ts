import { blockOf, FakeClock, MemoryBlockStore, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { written } from "../testing/agent-world.ts";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { MeterNotes } from "../testing/meter-notes.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const MINUTE_MS = 60_000;
/** After so long a block that was in use at the first look is given back. */
const IDLE_MS = 6 * MINUTE_MS;

let leases: MemoryLeaseStore;
let blocks: MemoryBlockStore;
let clock: FakeClock;
let meter: MeterNotes;
let world: MemoryWorld;
/** Ends the agent that runs. */
let stop: () => Promise<void> = () => Promise.resolve();

/** An agent over the same server, that knows nothing yet and does its own work. */
async function startAgent(): Promise<void> {
  await stop();
  meter = new MeterNotes();
  world = memoryWorld({ leases, blocks, clock, meter });
  world.pools.put(poolOf("lan", ["10.0.0.0/27"], { nodeBlocks: { prefixLength: 29 } }));
  await world.load();
  const ended = new AbortController();
  const running = world.agent.blocks.runUntil(ended.signal);
  stop = async () => {
    ended.abort();
    await running;
  };
  onTestFinished(stop);
}

beforeEach(async () => {
  leases = new MemoryLeaseStore();
  blocks = new MemoryBlockStore();
  clock = new FakeClock();
  await startAgent();
});

function podOf(number: number): CallFixture {
  const name = `web-${number}`;
  return { containerId: `c-${number}`, pod: { namespace: "shop", name, uid: `uid-${name}` } };
}

/** An ADD and its DEL, after which the node's block is idle. */
async function comeAndGo(number: number): Promise<void> {
  await world.add(podOf(number));
  await world.del(podOf(number));
}

/** Brings an idle block to where the list that is to prove it empty is under way. @returns what lets that be answered */
async function holdList(): Promise<() => Promise<void>> {
  await comeAndGo(1);
  await pass(4 * MINUTE_MS);
  const { promise, resolve } = Promise.withResolvers<void>();
  leases.faults.failReads("listNames", { kind: "held", until: promise });
  await pass(2 * MINUTE_MS);
  expect(leases.faults.calls.at(-1)?.operation).toBe("listNames");
  return async () => {
    resolve();
    await clock.advance(0);
  };
}

/** What was asked of the server since the last look. */
function requests(): string[] {
  const ofBlocks = blocks.faults.calls.splice(0).map(({ operation }) => `${operation} of blocks`);
  return [...ofBlocks, ...leases.faults.calls.splice(0).map(({ operation }) => operation)];
}

/** Lets time pass as on a busy machine: look by look. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += MINUTE_MS) await clock.advance(MINUTE_MS);
}

describe("an idle block", () => {
  test("is given back some minutes after its last lease, with one list and one delete", async () => {
    await comeAndGo(1);
    await pass(4 * MINUTE_MS);
    expect(blocks.snapshot()).toHaveLength(1);
    requests();
    await pass(2 * MINUTE_MS);
    expect(blocks.snapshot()).toEqual([]);
    expect(requests()).toEqual(["delete of blocks", "listNames"]);
    expect(meter.notes).toContain("block returned");
    await pass(10 * MINUTE_MS);
    expect(requests()).toEqual([]);
  });

  test("stays while a lease of the node is in it, and nothing is asked", async () => {
    await world.add(podOf(1));
    await pass(3 * MINUTE_MS);
    requests();
    await pass(30 * MINUTE_MS);
    expect(blocks.snapshot()).toHaveLength(1);
    expect(requests()).toEqual([]);
  });

  test("stays while somebody has a lease of the pool in it that this node knows nothing of", async () => {
    await world.add(podOf(1));
    const [block] = blocks.snapshot();
    await world.del(podOf(1));
    const address = `${(block?.spec.prefix ?? "").replace(/\d+\/29$/, "")}${Number(/(\d+)\/29$/.exec(block?.spec.prefix ?? "")?.[1]) + 3}`;
    const other = await written(leases, leaseOf(address, { node: "n2", containerID: "c9", holder: "" }));
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toHaveLength(1);
    const { name, uid = "", resourceVersion = "" } = other.metadata;
    await leases.delete({ name, uid, resourceVersion });
    await pass(2 * IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
  });

  test("is looked at ever less often while others have leases in it", async () => {
    await world.addOne({ ...podOf(1), args: "IP=10.0.0.3" });
    blocks.put(blockOf("10.0.0.0/29", { pool: "lan" }));
    await world.del(podOf(1));
    await written(leases, leaseOf("10.0.0.3", { node: "n2", containerID: "c9", holder: "" }));
    await pass(60 * MINUTE_MS);
    requests();
    await pass(24 * 60 * MINUTE_MS);
    expect(requests().filter((operation) => operation === "listNames").length).toBeLessThanOrEqual(24);
  });

  test("goes back with the others of its pool, by one list", async () => {
    for (let number = 0; number < 9; number += 1) await world.add(podOf(number));
    for (let number = 0; number < 9; number += 1) await world.del(podOf(number));
    requests();
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
    expect(requests().filter((operation) => operation === "listNames")).toHaveLength(1);
  });

  test("stays while a release in it is pending", async () => {
    await world.add(podOf(1));
    leases.faults.failWrites("delete", { kind: "lost" });
    await world.del(podOf(1));
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toHaveLength(1);
    expect(requests()).not.toContain("listNames");
  });

  test("goes back by itself while another one of the node is in use", async () => {
    for (let number = 0; number < 9; number += 1) await world.add(podOf(number));
    expect(blocks.snapshot()).toHaveLength(2);
    const kept = leases.snapshot()[0]?.spec;
    for (const { spec } of leases.snapshot()) {
      if (spec.address === kept?.address) continue;
      await world.del(podOf(Number(spec.containerID.replace("c-", ""))));
    }
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toHaveLength(1);
    expect(leases.snapshot()).toHaveLength(1);
  });

  test("is kept by an ADD that comes while the list is under way", async () => {
    const answer = await holdList();
    await world.add(podOf(2));
    await answer();
    expect(blocks.snapshot()).toHaveLength(1);
    expect(blocks.faults.calls.map(({ operation }) => operation)).not.toContain("delete");
  });

  test("is kept by an ADD that comes and goes while the list is under way", async () => {
    const answer = await holdList();
    await comeAndGo(2);
    await answer();
    expect(blocks.snapshot()).toHaveLength(1);
  });

  test("is claimed anew by an ADD that comes while it is deleted, and the ADD succeeds", async () => {
    await comeAndGo(1);
    await pass(4 * MINUTE_MS);
    const deleted = Promise.withResolvers<void>();
    blocks.faults.failWrites("delete", { kind: "held", until: deleted.promise });
    await pass(2 * MINUTE_MS);
    const added = world.addOne(podOf(2));
    await clock.advance(0);
    expect(leases.snapshot()).toEqual([]);
    deleted.resolve();
    await added;
    expect(blocks.snapshot()).toHaveLength(1);
    expect(meter.notes.filter((note) => note.startsWith("block"))).toEqual([
      "block claimed",
      "block returned",
      "block claimed",
    ]);
  });

  test("whose delete has no known outcome is not handed out of until it is gone", async () => {
    await world.add(podOf(1));
    const [block] = blocks.snapshot();
    await world.del(podOf(1));
    await pass(4 * MINUTE_MS);
    const landed = Promise.withResolvers<void>();
    blocks.faults.failWrites("delete", { kind: "late", until: landed.promise }, { kind: "lost" });
    await pass(2 * MINUTE_MS);
    await world.add(podOf(2));
    const [again] = blocks.snapshot();
    expect(again?.metadata.uid).not.toBe(block?.metadata.uid);
    landed.resolve();
    await clock.advance(0);
    expect(blocks.snapshot()).toEqual([again]);
  });

  test("that somebody has written to is given back at its new version", async () => {
    await comeAndGo(1);
    blocks.touch(blocks.snapshot()[0]?.metadata.name ?? "");
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
    expect(meter.notes.filter((note) => note === "block returned")).toHaveLength(1);
  });

  test("whose delete gets no answer is deleted again, and is gone", async () => {
    await comeAndGo(1);
    blocks.faults.failWrites("delete", { kind: "answer-lost" });
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
    expect(requests().filter((operation) => operation === "delete of blocks")).toHaveLength(2);
  });

  test("that another node has by now is left alone", async () => {
    await comeAndGo(1);
    const [block] = blocks.snapshot();
    const other = blocks.put(blockOf(block?.spec.prefix ?? "", { pool: "lan", node: "n2" }));
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toEqual([other]);
  });

  test("is not given back while the API server is away", async () => {
    await comeAndGo(1);
    requests();
    world.circuit.open();
    await pass(2 * IDLE_MS);
    expect(requests()).toEqual([]);
    world.circuit.close();
    await pass(MINUTE_MS);
    expect(blocks.snapshot()).toEqual([]);
  });
});

describe("after a restart", () => {
  test("blocks that the earlier process left are read two minutes later, and go back when they stay idle", async () => {
    await comeAndGo(1);
    await startAgent();
    requests();
    await pass(MINUTE_MS);
    expect(requests()).toEqual([]);
    await pass(MINUTE_MS);
    expect(requests().toSorted()).toEqual(["listByNode of blocks"]);
    await pass(IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
  });

  test("a block whose leases live stays", async () => {
    await world.add(podOf(1));
    await startAgent();
    await pass(3 * IDLE_MS);
    expect(blocks.snapshot()).toHaveLength(1);
  });

  test("a block of a pool that is gone goes back too", async () => {
    blocks.put(blockOf("10.9.0.0/28", { pool: "old" }));
    await pass(3 * MINUTE_MS + IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
  });

  test("a list that the server refuses is not asked for again", async () => {
    const error = new IpamError("apiserver-refused", "403");
    blocks.faults.failReads("listByNode", { kind: "refused", error });
    requests();
    await pass(60 * MINUTE_MS);
    expect(requests()).toEqual(["listByNode of blocks"]);
  });

  test("a node without blocks is asked about once, and then nothing", async () => {
    requests();
    await pass(60 * MINUTE_MS);
    expect(requests()).toEqual(["listByNode of blocks"]);
  });

  test("a list that fails is tried again", async () => {
    blocks.faults.goAway();
    world.circuit.open();
    await pass(3 * MINUTE_MS);
    blocks.faults.comeBack();
    world.circuit.close();
    blocks.put(blockOf("10.0.0.0/29", { pool: "lan" }));
    await pass(10 * MINUTE_MS + IDLE_MS);
    expect(blocks.snapshot()).toEqual([]);
  });

  test("a list that comes late puts no block back into use that is to be deleted", async () => {
    await comeAndGo(1);
    const error = new IpamError("apiserver-unreachable", "503");
    blocks.faults.failReads("listByNode", ...Array.from({ length: 5 }, () => ({ kind: "refused", error }) as const));
    const [block] = blocks.snapshot();
    await pass(4 * MINUTE_MS);
    blocks.faults.failWrites("delete", { kind: "lost" });
    await clock.advance(MINUTE_MS);
    world.circuit.open();
    await pass(2 * MINUTE_MS);
    world.circuit.close();
    await clock.advance(MINUTE_MS / 2);
    expect(blocks.faults.calls.filter(({ operation }) => operation === "listByNode")).toHaveLength(7);
    expect(blocks.snapshot()).toEqual([block]);
    await world.add(podOf(2));
    await pass(MINUTE_MS);
    expect(blocks.snapshot()).toMatchObject([{ spec: { node: "n1" } }]);
    expect(blocks.snapshot()[0]?.metadata.uid).not.toBe(block?.metadata.uid);
  });

  test("a list that comes late shows that a block is gone, and nothing more is handed out of it", async () => {
    await world.add(podOf(1));
    const [block] = blocks.snapshot();
    const other = blocks.put(blockOf(block?.spec.prefix ?? "", { pool: "lan", node: "n2" }));
    await pass(2 * MINUTE_MS);
    expect(meter.notes).toContain("block lost");
    leases.faults.calls.length = 0;
    await world.add(podOf(2));
    expect(blocks.snapshot().filter(({ spec }) => spec.node === "n1")).toHaveLength(1);
    expect(blocks.snapshot()).toContainEqual(other);
    expect(leases.faults.calls.map(({ operation }) => operation)).toEqual(["create"]);
  });

  test("a block that is claimed while a late list is under way stays", async () => {
    await comeAndGo(1);
    const [block] = blocks.snapshot();
    // The list is of before: it shows nothing.
    const listByNode = blocks.listByNode.bind(blocks);
    blocks.listByNode = async (...query) => {
      await listByNode(...query);
      return [];
    };
    await pass(2 * MINUTE_MS);
    expect(meter.notes).not.toContain("block lost");
    expect(blocks.snapshot()).toEqual([block]);
    blocks.faults.calls.length = 0;
    await world.add(podOf(2));
    expect(blocks.faults.calls).toEqual([]);
  });
});
