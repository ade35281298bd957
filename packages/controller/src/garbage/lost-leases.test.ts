import type { PodIdentity } from "@cluster-ipam/allocator";
import { attachedLease, FAMILIES, MemoryLeaseStore, ScriptedKeeping } from "@cluster-ipam/allocator/testing";
import type { IPLease, NodeState } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { leaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { releaseLostLeases } from "./lost-leases.ts";
import { lostAmong } from "./lost-node.ts";
import { NODE_ABSENT_MS, NodeAbsence } from "./node-absence.ts";
import { ToldOnce } from "./told-once.ts";

const READY: NodeState = { isReady: true, isOutOfService: false };
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
    "released 10.0.0.5: node n1 does not exist, for 5 minutes at least",
    "released fd00::5: node n1 does not exist, for 5 minutes at least",
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

test.for([
  ["stays while a pod of that name is on its node", "n1", ["10.0.0.5"]],
  ["goes where the only pod of that name is on another node", "n2", []],
  ["goes where the only pod of that name is on no node yet", undefined, []],
] as const)("a lease whose runtime told no uid %s", async ([, node, left]) => {
  const world = new World();
  await world.put("10.0.0.5", { uid: "" });
  const found = podOf("uid-2");
  lose(world, () => world.pods.set("default/web-0", node === undefined ? found : { ...found, node }));
  expect(await world.lost()).toEqual(left);
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

test("a dry run tells once what it would release, and releases nothing", async () => {
  const world = new World({ isDryRun: true });
  await world.put("10.0.0.5");
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.told).toEqual([expect.stringContaining("released 10.0.0.5")]);
  const { length } = world.store.faults.calls;
  await world.round();
  expect(world.told).toHaveLength(1);
  expect(world.store.faults.calls).toHaveLength(length);
});

test("a dry run tells anew of a lease whose node was back for a while", async () => {
  const world = new World({ isDryRun: true });
  await world.put("10.0.0.5");
  world.nodes.clear();
  await world.lost();
  world.nodes.set("n1", READY);
  await world.round();
  world.nodes.clear();
  await world.lost();
  expect(world.told).toHaveLength(2);
});

test("a lease stays whose node has come back while others were released", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  await world.put("10.0.0.6");
  world.nodes.clear();
  world.onRelease = () => void world.nodes.set("n1", READY);
  expect(await world.lost()).toEqual(["10.0.0.6"]);
  expect(world.told).toEqual([expect.stringContaining("released 10.0.0.5"), "kept 10.0.0.6: node n1 is back"]);
});

test.for(FAMILIES)(
  "an address of $family that its pool keeps for its pod is kept, and cools down from now on",
  async ({ network }) => {
    const world = new World();
    await world.put(network.at(5));
    world.keeping.seconds.set("pool-a", 600);
    world.nodes.clear();
    expect(await world.lost()).toEqual([network.at(5)]);
    expect(world.store.snapshot()[0]?.spec).toMatchObject({
      node: "",
      containerID: "",
      holder: "default/web-0/net1",
      keepSeconds: 600,
      releasedAt: world.keeping.timestamp(),
    });
    expect(world.told).toEqual([expect.stringContaining(`released ${network.at(5)}`)]);
  },
);

test.for(FAMILIES)(
  "a reservation of $family that a pod of a lost node has is nobody's again, and stays",
  async ({ network }) => {
    const world = new World();
    const reserved = { reason: "the printer", for: { namespace: "default", name: "web-0" } };
    await world.put(network.at(5), { reserved });
    world.nodes.clear();
    expect(await world.lost()).toEqual([network.at(5)]);
    expect(world.store.snapshot()[0]?.spec).toMatchObject({ node: "", containerID: "", holder: "", reserved });
  },
);

test("a write that may or may not have been done is told of as failed, and done in the next round", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  world.store.faults.failWrites("delete", { kind: "lost" });
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.told).toEqual([expect.stringContaining("failed release of 10.0.0.5")]);
  await world.round();
  expect(world.left()).toEqual([]);
});

test("releases are apart", async () => {
  const world = new World();
  for (let number = 1; number <= 5; number += 1) await world.put(`10.0.0.${number}`);
  world.nodes.clear();
  await world.lost();
  expect(world.pauses).toBe(5);
});

test("a lease that somebody's finalizer holds back is not released again and again", async () => {
  const world = new World();
  const lease = await world.put("10.0.0.5");
  world.nodes.clear();
  world.onGet = (found) => ({ ...found, metadata: { ...found.metadata, deletionTimestamp: "2026-02-03T04:05:06Z" } });
  expect(await world.lost()).toEqual([lease.spec.address]);
  expect(world.told).toEqual([]);
});

test("when more than the set share of all leases would go, none goes, and that is told", async () => {
  const world = new World();
  for (let number = 1; number <= 101; number += 1) await world.put(`10.0.0.${number}`);
  world.nodes.clear();
  expect(await world.lost()).toHaveLength(101);
  expect(world.told).toEqual(["braked 101 of 101 on 1"]);
});

test("one lease that cannot be released keeps nobody from the others", async () => {
  const world = new World();
  await world.put("10.0.0.5");
  await world.put("10.0.0.6");
  world.failing = "10.0.0.5";
  world.nodes.clear();
  expect(await world.lost()).toEqual(["10.0.0.5"]);
  expect(world.told).toEqual([
    expect.stringContaining("failed release of 10.0.0.5"),
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

/** What a test says of a lease. */
interface LeaseWords {
  readonly isPodless?: boolean;
  readonly reserved?: IPLease["spec"]["reserved"];
  /** Of the pod, as the runtime told it. */
  readonly uid?: string;
}

class World {
  readonly store = new MemoryLeaseStore();
  readonly keeping = new ScriptedKeeping();
  readonly nodes = new Map([["n1", READY]]);
  /** Nodes that the watch does not show. */
  readonly unseen = new Set<string>();
  readonly pods = new Map<string, PodIdentity>();
  readonly told: string[] = [];
  nowMs = 0;
  pauses = 0;
  failing = "";
  onRelease: () => void = () => undefined;
  onGet: (found: IPLease) => IPLease = (found) => found;
  readonly #leases = new LeaseTable();
  readonly #absence = new NodeAbsence();
  readonly #told = new ToldOnce();
  readonly #isDryRun: boolean;

  constructor({ isDryRun = false } = {}) {
    this.#isDryRun = isDryRun;
  }

  async put(address: string, { isPodless = false, reserved, uid = "uid-1" }: LeaseWords = {}): Promise<IPLease> {
    const pod = { namespace: "default", name: "web-0", uid };
    const ofNode = { node: "n1", ifName: "net1", holder: "default/web-0/net1", pod };
    const draft = attachedLease(address, { ...ofNode, ...(reserved === undefined ? {} : { reserved }) });
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
    const look = {
      absence: this.#absence,
      nodes: {
        known: (name: string) => (this.unseen.has(name) ? undefined : this.nodes.get(name)),
        read: (name: string) => Promise.resolve(this.nodes.get(name)),
      },
      nowMs: () => this.nowMs,
    };
    const { lost } = await lostAmong(new Set(this.#leases.nodes()), look, signal);
    await releaseLostLeases(
      lost,
      {
        ...look,
        leases: this.#leases,
        pods: {
          get: async (namespace, name, _signal, options) => {
            const found = this.pods.get(`${namespace}/${name}`);
            if (found === undefined || options?.needsNode === true) return found;
            const { node: _node, ...identity } = found;
            return identity;
          },
        },
        store: {
          get: async (name) => {
            if (name === this.failing) throw new Error("no");
            const found = await this.store.get(name, signal);
            return found === undefined ? undefined : this.onGet(found);
          },
          delete: (version) => this.store.delete(version),
          replace: (lease) => this.store.replace(lease),
        },
        keeping: this.keeping,
        journal: {
          leaseReleased: ({ metadata, spec }, { reason }) => {
            this.told.push(`released ${spec.address}: ${reason}`);
            if (!this.#isDryRun) this.#leases.delete(metadata.name);
            this.onRelease();
          },
          leaseKept: ({ name }, reason) => this.told.push(`kept ${name}: ${reason}`),
          braked: (nodes, going, all) => this.told.push(`braked ${going} of ${all} on ${nodes.length}`),
          failed: (what, error) => this.told.push(`failed ${what}: ${String(error)}`),
        },
        pause: () => {
          this.pauses += 1;
          return Promise.resolve();
        },
        isDryRun: this.#isDryRun,
        told: this.#told,
        maxPercent: 30,
      },
      signal,
    );
  }
}
