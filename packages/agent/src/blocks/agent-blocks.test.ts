import { blockOf, MemoryBlockStore, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import type { IPBlock, IPPoolSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { written } from "../testing/agent-world.ts";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { MeterNotes } from "../testing/meter-notes.ts";
import { leaseOf, poolOf, watchedPool } from "../testing/objects.ts";

/** 10.0.0.0/27 in four blocks of eight; the first and the last have seven addresses. */
const SUBNET = "10.0.0.0/27";
const CAPACITY = 30;

let leases: MemoryLeaseStore;
let blocks: MemoryBlockStore;
let meter: MeterNotes;
let world: MemoryWorld;

function putPool(spec: Partial<IPPoolSpec> = {}): void {
  world.pools.put(poolOf("lan", [SUBNET], { nodeBlocks: { prefixLength: 29 }, ...spec }));
}

/** An agent that knows nothing yet, over the same server. */
async function startAgent(): Promise<void> {
  meter = new MeterNotes();
  const { pools, clock } = world;
  world = memoryWorld({ leases, blocks, pools, clock, meter });
  await world.load();
}

beforeEach(async () => {
  leases = new MemoryLeaseStore();
  blocks = new MemoryBlockStore();
  meter = new MeterNotes();
  world = memoryWorld({ leases, blocks, meter });
  putPool();
  await world.load();
  leases.faults.calls.length = 0;
});

function podOf(number: number): CallFixture {
  const name = `web-${number}`;
  return { containerId: `c-${number}`, pod: { namespace: "shop", name, uid: `uid-${name}` } };
}

function add(number: number): Promise<string> {
  return world.addOne(podOf(number));
}

function addAll(count: number, first = 0): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => add(first + number)));
}

/** What the calls since the last look asked of the server, pools left out. */
function requests(): string[] {
  const ofBlocks = blocks.faults.calls.splice(0).map(({ operation }) => `${operation} of blocks`);
  return [...ofBlocks, ...leases.faults.calls.splice(0).map(({ operation }) => operation)];
}

function owners(): string[] {
  return blocks.snapshot().map(({ spec }) => `${spec.prefix} ${spec.node}`);
}

function isIn({ spec }: IPBlock, address: string): boolean {
  const first = Number(/\.(\d+)\/29$/.exec(spec.prefix)?.[1]);
  const last = Number(address.split(".").at(-1));
  return last >= first && last < first + 8;
}

/** All blocks but this many are other nodes'. */
function takeAllBut(count: number): void {
  for (const first of [0, 8, 16, 24].slice(count))
    blocks.put(blockOf(`10.0.0.${first}/29`, { pool: "lan", node: "n2" }));
}

describe("an ADD in a pool with nodeBlocks", () => {
  test("claims a block by one list and one write, and takes an address of it", async () => {
    const address = await add(1);
    const [block] = blocks.snapshot();
    expect(block?.spec).toMatchObject({ pool: "lan", addressSpace: "", node: "n1" });
    expect(isIn(block as IPBlock, address)).toBe(true);
    expect(requests()).toEqual(["listByNode of blocks", "listByPool of blocks", "create of blocks", "create"]);
    expect(meter.notes).toEqual(["block claimed", "conflicts 0"]);
  });

  test("asks nothing of the server but the lease once there is a block", async () => {
    await add(1);
    requests();
    await add(2);
    expect(requests()).toEqual(["create"]);
  });

  test("leaves leases with the prefix length of the subnet, not of the block", async () => {
    const { ips } = await world.add();
    expect(ips[0]?.address).toMatch(/\/27$/);
  });

  test("and 29 others at once, in a pool of 30, claim four blocks and meet nobody", async () => {
    const addresses = await addAll(CAPACITY);
    expect(new Set(addresses).size).toBe(CAPACITY);
    expect(owners()).toEqual(["10.0.0.0/29 n1", "10.0.0.16/29 n1", "10.0.0.24/29 n1", "10.0.0.8/29 n1"]);
    const counts = Object.groupBy(requests(), (operation) => operation);
    expect(counts["create"]).toHaveLength(CAPACITY);
    expect(counts["create of blocks"]).toHaveLength(4);
    expect(counts["listNames"]).toBeUndefined();
    expect(new Set(meter.notes)).toEqual(new Set(["block claimed", "conflicts 0"]));
  });

  test("keeps to its own blocks where others have the rest", async () => {
    takeAllBut(2);
    const addresses = await addAll(10);
    const own = blocks.snapshot().filter(({ spec }) => spec.node === "n1");
    expect(addresses.filter((address) => !own.some((block) => isIn(block, address)))).toEqual([]);
    expect(own).toHaveLength(2);
  });

  test("S16: is told pool, use, capacity and blocks where nothing is left", async () => {
    takeAllBut(1);
    await addAll(7);
    await expect(add(8)).rejects.toMatchObject({
      code: "pool-exhausted",
      message: `pool lan is full: 7 used of a capacity of 7 in the 1 block of this node, and all 4 blocks of the pool are claimed (10.0.0.0-10.0.0.31 of ${SUBNET})`,
    });
    await world.del(podOf(3));
    await world.clock.advance(1);
    expect(await add(9)).toMatch(/^10\.0\.0\.[1-7]$/);
  });

  test("is told so where the node has no block at all, and gets one as soon as one is free", async () => {
    takeAllBut(0);
    await expect(add(1)).rejects.toMatchObject({
      code: "pool-exhausted",
      message: expect.stringContaining("no block"),
    });
    blocks.remove("10.0.0.16-29");
    await world.clock.advance(1);
    expect(await add(1)).toMatch(/^10\.0\.0\.(1[6-9]|2[0-3])$/);
  });

  test("for a fixed address needs no block, and no list of them", async () => {
    expect(await world.addOne({ args: "IP=10.0.0.9" })).toBe("10.0.0.9");
    expect(requests()).toEqual(["create"]);
    expect(blocks.snapshot()).toEqual([]);
  });

  test("never claims a block of which all is excluded", async () => {
    putPool({ ranges: [{ subnet: SUBNET, exclude: ["10.0.0.0-10.0.0.23", "10.0.0.26-10.0.0.29"], assign: "Any" }] });
    expect(await Promise.all([add(1), add(2), add(3)])).toHaveLength(3);
    expect(owners()).toEqual(["10.0.0.24/29 n1"]);
  });

  test("of a pool that has another length now claims nothing that overlaps an older block, and hands out of none", async () => {
    blocks.put(blockOf("10.0.0.0/28", { pool: "lan", node: "n1" }));
    const addresses = await addAll(15);
    expect(addresses.filter((address) => Number(address.split(".").at(-1)) < 16)).toEqual([]);
    expect(owners()).toHaveLength(3);
  });

  test("leaves alone what the pool keeps after a release, and meets nobody", async () => {
    const spec = { nodeBlocks: { prefixLength: 29 }, coolDownSeconds: 30, strategy: "Sequential" } as const;
    world.pools.put(watchedPool("lan", [SUBNET], spec));
    const first = await add(1);
    await world.del(podOf(1));
    requests();
    expect(await add(2)).not.toBe(first);
    expect(requests()).toEqual(["create"]);
  });

  test("leaves alone what a DEL of the node is still releasing", async () => {
    putPool({ strategy: "Sequential" });
    const first = await add(1);
    const released = Promise.withResolvers<void>();
    leases.faults.failWrites("delete", { kind: "held", until: released.promise });
    const deleted = world.del(podOf(1));
    await expect.poll(() => leases.faults.calls.at(-1)?.operation).toBe("delete");
    expect(await add(2)).not.toBe(first);
    released.resolve();
    await deleted;
    expect(requests().filter((operation) => operation === "create")).toHaveLength(2);
    expect(await add(3)).toBe(first);
  });

  test("leaves alone what another ADD has, and has not been answered with yet", async () => {
    putPool({ strategy: "Sequential" });
    world.pools.put(poolOf("wan", ["10.9.0.0/24"]));
    await add(1);
    requests();
    const created = Promise.withResolvers<void>();
    // The first of its two addresses is there, the second one on its way.
    leases.faults.failWrites(
      "create",
      { kind: "held", until: Promise.resolve() },
      { kind: "held", until: created.promise },
    );
    const both = world.add({ ...podOf(2), ipam: { pools: ["lan", "wan"] } });
    await expect.poll(() => leases.faults.calls.length).toBe(2);
    await add(3);
    created.resolve();
    expect((await both).ips).toHaveLength(2);
    expect(requests()).toEqual(["create", "create", "create"]);
  });

  test("claims in the pool's own address space", async () => {
    putPool({ addressSpace: "blue" });
    await add(1);
    expect(blocks.snapshot()[0]?.metadata.name).toMatch(/^blue\.10\.0\.0\.\d+-29$/);
  });
});

describe("a claim", () => {
  test("goes on with the next block where another node was faster", async () => {
    const asked = Promise.withResolvers<void>();
    blocks.faults.failWrites("create", { kind: "held", until: asked.promise });
    const added = add(1);
    await expect.poll(() => blocks.faults.calls.at(-1)?.operation).toBe("create");
    const wanted = blocks.faults.calls.at(-1)?.name ?? "";
    blocks.put(blockOf(wanted.replace(/-29$/, "/29"), { pool: "lan", node: "n2" }));
    asked.resolve();
    const address = await added;
    expect(isIn(blocks.snapshot().find(({ spec }) => spec.node === "n1") as IPBlock, address)).toBe(true);
    expect(requests().filter((operation) => operation === "create of blocks")).toHaveLength(2);
  });

  test.each(["lost", "answer-lost"] as const)(
    "whose outcome is unknown (%s) is tried again under the same name",
    async (kind) => {
      blocks.faults.failWrites("create", { kind });
      const added = add(1);
      await expect.poll(() => blocks.faults.calls.at(-1)?.operation).toBe("create");
      await world.clock.advance(50);
      await added;
      expect(blocks.snapshot()).toHaveLength(1);
      const creates = blocks.faults.calls.filter(({ operation }) => operation === "create");
      expect(new Set(creates.map(({ name }) => name)).size).toBe(1);
      expect(creates).toHaveLength(2);
      expect(meter.notes).toContain("retried");
    },
  );

  test("that a call gave up is taken up by the next one, so that the node owns no block that it does not know", async () => {
    blocks.faults.failWrites("create", { kind: "answer-lost" });
    const controller = new AbortController();
    const given = world.addOne(podOf(1), controller.signal);
    await expect.poll(() => world.clock.sleeping).toBeGreaterThan(0);
    controller.abort(new IpamError("cancelled", "overtaken by a DEL"));
    await expect(given).rejects.toMatchObject({ code: "cancelled" });
    await add(2);
    expect(blocks.snapshot()).toHaveLength(1);
  });

  test("that found nothing says so to no call that began after its list", async () => {
    const answered = Promise.withResolvers<void>();
    let passages = 0;
    // Held on the way back of the list by pool: a read passes twice, and the list by node comes first.
    const pace = (): Promise<void> => ((passages += 1) === 4 ? answered.promise : Promise.resolve());
    blocks = new MemoryBlockStore(pace);
    await startAgent();
    takeAllBut(0);
    const early = add(1);
    await expect.poll(() => passages).toBe(4);
    blocks.remove("10.0.0.16-29");
    await world.clock.advance(1);
    const late = add(2);
    await world.clock.advance(1);
    answered.resolve();
    await expect(early).rejects.toMatchObject({ code: "pool-exhausted" });
    expect(await late).toMatch(/^10\.0\.0\.(1[6-9]|2[0-3])$/);
  });

  test("that fails is not the end for the others that wait for it", async () => {
    blocks.faults.failWrites("create", { kind: "refused", error: new IpamError("apiserver-refused", "403") });
    const outcomes = await Promise.allSettled([add(1), add(2), add(3)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(blocks.snapshot()).toHaveLength(1);
  });
});

describe("a block that is not this node's any more", () => {
  beforeEach(async () => {
    await add(1);
  });

  test("is forgotten when another node owns it, after the first conflict", async () => {
    const [own] = blocks.snapshot();
    const { name } = (own as IPBlock).metadata;
    blocks.put(blockOf((own as IPBlock).spec.prefix, { pool: "lan", node: "n2" }));
    // Every address of it that is left is somebody else's.
    const first = Number(/\.(\d+)-29$/.exec(name)?.[1]);
    for (let last = first; last < first + 8; last += 1) {
      const held = leases.snapshot().some(({ spec }) => spec.address === `10.0.0.${last}`);
      if (!held)
        await written(leases, leaseOf(`10.0.0.${last}`, { node: "n2", containerID: `c9-${last}`, holder: "" }));
    }
    requests();
    const addresses = await Promise.all([add(2), add(3)]);
    expect(addresses.filter((address) => isIn(own as IPBlock, address))).toEqual([]);
    expect(requests().filter((operation) => operation === "get of blocks")).toHaveLength(1);
    expect(meter.notes).toContain("block lost");
  });

  test("is forgotten when a hand has deleted it, as soon as a list shows that", async () => {
    const [own] = blocks.snapshot();
    blocks.remove((own as IPBlock).metadata.name);
    const addresses = await addAll(8, 2);
    expect(new Set(addresses).size).toBe(8);
    expect(meter.notes).toContain("block lost");
    expect(blocks.snapshot().length).toBeGreaterThan(0);
  });

  test("is looked at once for many conflicts", async () => {
    const taken = leases.snapshot().map(({ spec }) => spec.address);
    const [own] = blocks.snapshot();
    for (let last = 0; last < 32; last += 1) {
      const address = `10.0.0.${last}`;
      if (isIn(own as IPBlock, address) && !taken.includes(address))
        await written(leases, leaseOf(address, { node: "n2", containerID: `c9-${last}`, holder: "" }));
    }
    requests();
    await add(2);
    expect(requests().filter((operation) => operation === "get of blocks")).toHaveLength(1);
    expect(owners()).toHaveLength(2);
  });
});

describe("an agent that is started again", () => {
  test("reads its blocks once, and hands out of them", async () => {
    await add(1);
    const before = owners();
    await startAgent();
    requests();
    await Promise.all([add(2), add(3), add(4)]);
    expect(owners()).toEqual(before);
    expect(requests()).toEqual(["listByNode of blocks", "create", "create", "create"]);
  });

  test("finds blocks that an earlier process claimed late, before it claims another", async () => {
    await add(1);
    await startAgent();
    // The list at first need is from before the earlier process's write.
    blocks.faults.failReads("listByNode", { kind: "held", until: Promise.resolve() });
    await add(2);
    blocks.put(blockOf("10.0.0.16/29", { pool: "lan", node: "n1" }));
    blocks.put(blockOf("10.0.0.24/29", { pool: "lan", node: "n1" }));
    const count = blocks.snapshot().length;
    await addAll(8, 3);
    expect(blocks.snapshot()).toHaveLength(count);
  });
});

test("the edit of a pool leaves its blocks, and nothing outside the new ranges is handed out of them", async () => {
  await addAll(CAPACITY);
  for (let number = 0; number < CAPACITY; number += 1) await world.del(podOf(number));
  putPool({ ranges: [{ subnet: SUBNET, start: "10.0.0.20", end: "10.0.0.23", assign: "Any" }] });
  await world.clock.advance(11_000);
  const addresses = await addAll(4, 100);
  expect(addresses.toSorted()).toEqual(["10.0.0.20", "10.0.0.21", "10.0.0.22", "10.0.0.23"]);
  await expect(add(200)).rejects.toMatchObject({ code: "pool-exhausted" });
});
