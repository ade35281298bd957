import type { PodIdentity } from "@cluster-ipam/allocator";
import { attachedLease, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { leaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { type GarbageMode, releaseOfLostNodes } from "./lost-nodes.ts";
import { NODE_ABSENT_MS, NodeAbsence, type NodeFact } from "./node-absence.ts";

const READY: NodeFact = { name: "n1", isReady: true, isOutOfService: false };
const { signal } = new AbortController();

test("the leases of a node that is absent for five minutes, and whose pods are gone, are released, IPv4 and IPv6", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  await world.put("fd00::5");
  world.nodes.clear();
  await world.round();
  world.nowMs += NODE_ABSENT_MS;
  await world.round();
  expect(world.left()).toEqual([]);
  expect(world.told).toEqual([
    expect.stringMatching(/^released 10\.0\.0\.5: node n1 does not exist, .* pod default\/web-0 is gone$/),
    expect.stringMatching(/^released fd00::5: /),
  ]);
});

test("the leases of a node that is NotReady and tainted out of service go at once, where the pod is gone", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  world.nodes.set("n1", { ...READY, isReady: false, isOutOfService: true });
  await world.round();
  expect(world.left()).toEqual([]);
});

test.for<readonly [string, (world: World) => void]>([
  ["its node is NotReady alone", (world) => world.nodes.set("n1", { ...READY, isReady: false })],
  ["its node is Ready, taint or not", (world) => world.nodes.set("n1", { ...READY, isOutOfService: true })],
  ["the watch shows no node, and a read of now does", (world) => world.unseen.add("n1")],
  ["its pod still exists", (world) => lose(world, () => world.pods.set("default/web-0", podOf("uid-1")))],
  [
    "it is of a mirror pod that still exists",
    (world) => lose(world, () => world.pods.set("default/web-0", mirrorOf("uid-1"))),
  ],
])("a lease stays while %s", async ([, arrange]) => {
  const world = new World();
  await world.put("10.0.0.5");
  arrange(world);
  await world.round();
  world.nowMs += NODE_ABSENT_MS;
  await world.round();
  expect(world.left()).toEqual(["10.0.0.5"]);
});

test("a lease goes where another pod has the name by now", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  lose(world, () => world.pods.set("default/web-0", podOf("uid-2")));
  expect(await world.lost()).toEqual([]);
});

test("a lease of no pod goes with its node", async () => {
  const world = new World();
  await world.put("10.0.0.5", { isPodless: true });
  world.nodes.clear();
  expect(await world.lost()).toEqual([]);
});

test("a lease that an agent has taken over since the watch told of it stays", async () => {
  const world = new World();
  const lease = await world.put("10.0.0.5");
  await world.store.replace({ ...lease, spec: { ...lease.spec, node: "n2" } });
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.told).toEqual([]);
});

test("a lease that was made again under its name since stays", async () => {
  const world = new World();
  const lease = await world.put("10.0.0.5");
  const { name, uid = "", resourceVersion = "" } = lease.metadata;
  await world.store.delete({ name, uid, resourceVersion });
  await world.store.create(attachedLease("10.0.0.5", { node: "n1" }));
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
});

test("a dry run tells what it would release, and releases nothing", async () => {
  const world = new World("dry-run");
  await world.put("10.0.0.5");
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.told).toEqual([expect.stringContaining("released 10.0.0.5")]);
});

test("switched off it asks nothing", async () => {
  const world = new World("off");
  await world.put("10.0.0.5");
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.reads).toBe(0);
});

test("when more than the set share of all leases would go, none goes, and that is told", async () => {
  const world = new World();
  for (let number = 1; number <= 101; number += 1) await world.put(`10.0.0.${number}`);
  world.nodes.clear();
  expect(await world.lost()).toHaveLength(101);
  expect(world.told).toEqual(["braked 101 of 101"]);
});

test("one lease that cannot be released keeps nobody from the others", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  await world.put("10.0.0.6");
  world.failing = "10.0.0.5";
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.told).toEqual([
    expect.stringContaining("failed 10.0.0.5"),
    expect.stringContaining("released 10.0.0.6"),
  ]);
});

function lose(world: World, then: () => void): void {
  world.nodes.clear();
  then();
}

function podOf(uid: string): PodIdentity {
  return { namespace: "default", name: "web-0", uid, annotations: {} };
}

function mirrorOf(hash: string): PodIdentity {
  return { ...podOf("uid-of-the-mirror"), annotations: { "kubernetes.io/config.hash": hash } };
}

class World {
  readonly store = new MemoryLeaseStore();
  readonly nodes = new Map([["n1", READY]]);
  /** Nodes that the watch does not show. */
  readonly unseen = new Set<string>();
  readonly pods = new Map<string, PodIdentity>();
  readonly told: string[] = [];
  nowMs = 0;
  reads = 0;
  failing = "";
  readonly #leases = new LeaseTable();
  readonly #absence = new NodeAbsence();
  readonly #mode: GarbageMode;

  constructor(mode: GarbageMode = "on") {
    this.#mode = mode;
  }

  async put(address: string, { isPodless = false } = {}): Promise<IPLease> {
    const pod = { namespace: "default", name: "web-0", uid: "uid-1" };
    const draft = attachedLease(address, { node: "n1", ifName: "net1", holder: "default/web-0/net1", pod });
    const { pod: _, ...spec } = { ...draft.spec, holder: "" };
    const created = await this.store.create(isPodless ? { ...draft, spec } : draft);
    if (created.kind !== "created") throw new Error(`${address} is taken`);
    const fact = leaseFact(created.lease);
    if (fact === undefined) throw new Error(`${address} is no address`);
    this.#leases.set(fact);
    return created.lease;
  }

  left(): string[] {
    return this.store.snapshot().map(({ spec }) => spec.address);
  }

  /** Two rounds, far enough apart for an absent node. @returns the addresses that are left */
  async lost(): Promise<string[]> {
    await this.round();
    this.nowMs += NODE_ABSENT_MS;
    await this.round();
    return this.left();
  }

  async round(): Promise<void> {
    await releaseOfLostNodes(
      {
        leases: this.#leases,
        absence: this.#absence,
        nodes: {
          known: (name) => (this.unseen.has(name) ? undefined : this.nodes.get(name)),
          read: (name) => {
            this.reads += 1;
            return Promise.resolve(this.nodes.get(name));
          },
        },
        pods: { get: (namespace, name) => Promise.resolve(this.pods.get(`${namespace}/${name}`)) },
        store: this.store,
        release: async ({ metadata, spec }) => {
          if (spec.address === this.failing) throw new Error("no");
          const { name, uid = "", resourceVersion = "" } = metadata;
          await this.store.delete({ name, uid, resourceVersion });
          this.#leases.delete(name);
        },
        journal: {
          released: ({ spec }, reason) => this.told.push(`released ${spec.address}: ${reason}`),
          kept: () => undefined,
          braked: (going, all) => this.told.push(`braked ${going} of ${all}`),
          failed: ({ name }, error) => this.told.push(`failed ${name}: ${String(error)}`),
        },
        nowMs: () => this.nowMs,
        pause: () => Promise.resolve(),
        mode: this.#mode,
        maxPercent: 30,
      },
      signal,
    );
  }
}
