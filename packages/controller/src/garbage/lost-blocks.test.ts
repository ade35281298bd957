import { attachedLease, blockOf, MemoryBlockStore, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import type { NodeState } from "@cluster-ipam/api";
import { formatCidr } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { blockFact } from "../blocks/block-fact.ts";
import { leaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { returnLostBlocks } from "./lost-blocks.ts";
import { lostAmong } from "./lost-node.ts";
import { NodeAbsence } from "./node-absence.ts";
import { ToldOnce } from "./told-once.ts";

const OFF: NodeState = { isReady: false, isOutOfService: true };
const READY: NodeState = { isReady: true, isOutOfService: false };
const { signal } = new AbortController();

test.for([["10.0.0.16/28"], ["fd00::10/124"]] as const)(
  "a lost node's block %s without leases is given back",
  async ([prefix]) => {
    const world = new World();
    world.blocks.put(blockOf(prefix));
    await world.round();
    expect(world.left()).toEqual([]);
    expect(world.told).toEqual([
      `returned ${prefix}: node n1 is NotReady and tainted node.kubernetes.io/out-of-service`,
    ]);
  },
);

test.for<readonly [string, string, object]>([
  ["10.0.0.16/28", "10.0.0.20", {}],
  ["10.0.0.16/28", "10.0.0.31", { node: "n2" }],
  ["10.0.0.16/28", "10.0.0.20", { node: "", containerID: "", releasedAt: "2026-02-03T04:05:06Z" }],
  ["fd00::10/124", "fd00::1f", {}],
])("a block %s stays while a lease of its pool lies in it: %s %j", async ([prefix, address, spec]) => {
  const world = new World();
  world.blocks.put(blockOf(prefix));
  await world.lease(address, spec);
  await world.round();
  expect(world.left()).toEqual([prefix]);
  expect(world.leases.faults.calls.map(({ operation }) => operation)).not.toContain("listNames");
});

test("a block stays while the server has a lease in it that the watch has not shown", async () => {
  const world = new World();
  world.blocks.put(blockOf("10.0.0.16/28"));
  await world.lease("10.0.0.20", {}, { isSeen: false });
  await world.round();
  expect(world.left()).toEqual(["10.0.0.16/28"]);
  expect(world.told).toEqual([]);
});

test("a lease beside the block, of another pool or of another space keeps nothing", async () => {
  const world = new World();
  world.blocks.put(blockOf("10.0.0.16/28"));
  await world.lease("10.0.0.32");
  await world.lease("10.0.0.21", { pool: "other" });
  await world.lease("10.0.0.20", { addressSpace: "blue" });
  await world.round();
  expect(world.left()).toEqual([]);
});

test.for<readonly [string, NodeState]>([
  ["Ready", READY],
  ["NotReady alone", { ...READY, isReady: false }],
])("the block of a node that is %s stays", async ([, node]) => {
  const world = new World();
  world.node = node;
  world.blocks.put(blockOf("10.0.0.16/28"));
  await world.round();
  expect(world.left()).toEqual(["10.0.0.16/28"]);
});

test("a block stays whose node is back when its turn comes", async () => {
  const world = new World();
  world.blocks.put(blockOf("10.0.0.16/28"));
  await world.round(() => {
    world.node = READY;
  });
  expect(world.left()).toEqual(["10.0.0.16/28"]);
});

test("a block that was written since stays, until the watch has shown that", async () => {
  const world = new World();
  world.blocks.put(blockOf("10.0.0.16/28"));
  await world.round(() => world.blocks.touch("10.0.0.16-28"));
  expect(world.left()).toEqual(["10.0.0.16/28"]);
  expect(world.told).toEqual([]);
  await world.round();
  expect(world.left()).toEqual([]);
});

test("a dry run tells once which blocks would go, and gives none back", async () => {
  const world = new World({ isDryRun: true });
  world.blocks.put(blockOf("10.0.0.16/28"));
  await world.round();
  await world.round();
  expect(world.left()).toEqual(["10.0.0.16/28"]);
  expect(world.told).toHaveLength(1);
});

test("the blocks of a pool cost one list, and a pool that cannot be listed keeps nobody from the others", async () => {
  const world = new World();
  for (const prefix of ["10.0.0.16/28", "10.0.0.32/28"]) world.blocks.put(blockOf(prefix));
  world.blocks.put(blockOf("10.1.0.0/28", { pool: "other" }));
  world.failing = "other";
  await world.round();
  expect(world.left()).toEqual(["10.1.0.0/28"]);
  expect(world.told.at(-1)).toBe("failed return of blocks of pool other: Error: no");
  expect(world.leases.faults.calls.map(({ operation }) => operation)).toEqual(["listNames"]);
});

test("a write that may or may not have been done is told of as failed", async () => {
  const world = new World();
  world.blocks.put(blockOf("10.0.0.16/28"));
  world.blocks.faults.failWrites("delete", { kind: "lost" });
  await world.round();
  expect(world.told).toEqual([expect.stringContaining("failed return of blocks of pool lab")]);
});

class World {
  readonly leases = new MemoryLeaseStore();
  readonly blocks = new MemoryBlockStore();
  readonly told: string[] = [];
  node: NodeState = OFF;
  failing = "";
  readonly #table = new LeaseTable();
  readonly #told = new ToldOnce();
  readonly #isDryRun: boolean;

  constructor({ isDryRun = false } = {}) {
    this.#isDryRun = isDryRun;
  }

  async lease(address: string, spec: object = {}, { isSeen = true } = {}): Promise<void> {
    const created = await this.leases.create(attachedLease(address, { pool: "lab", node: "n1", ...spec }));
    const fact = created.kind === "created" ? leaseFact(created.lease) : undefined;
    if (fact === undefined) throw new Error(`${address} is taken`);
    if (isSeen) this.#table.set(fact);
    this.leases.faults.calls.splice(0);
  }

  left(): string[] {
    return this.blocks.snapshot().map(({ spec }) => spec.prefix);
  }

  /** @param meanwhile happens after the nodes were found lost */
  async round(meanwhile: () => void = () => undefined): Promise<void> {
    const nodes = { known: () => this.node, read: () => Promise.resolve(this.node) };
    const look = { nodes, absence: new NodeAbsence(), nowMs: () => 0 };
    const blocks = this.blocks.snapshot().map(blockFact);
    const { lost } = await lostAmong(new Set(["n1"]), look, signal);
    meanwhile();
    await returnLostBlocks(
      lost,
      {
        ...look,
        blocks,
        leases: this.#table,
        names: {
          listNames: (pool) =>
            pool === this.failing ? Promise.reject(new Error("no")) : this.leases.listNames(pool, signal),
        },
        store: this.blocks,
        journal: {
          blockReturned: ({ name }, { reason }) => {
            const block = blocks.find((one) => one.name === name);
            this.told.push(`returned ${block === undefined ? name : formatCidr(block.prefix)}: ${reason}`);
          },
          failed: (what, error) => this.told.push(`failed ${what}: ${String(error)}`),
        },
        pause: () => Promise.resolve(),
        isDryRun: this.#isDryRun,
        told: this.#told,
      },
      signal,
    );
  }
}
