import { attachedLease } from "@cluster-ipam/allocator/testing";
import { API_PATH, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";
import { NO_INFORMER_METER } from "@cluster-ipam/kube";
import { ManualClock } from "@cluster-ipam/kube/testing";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ClusterView } from "./cluster-view.ts";
import { poolOf } from "./testing/facts.ts";
import { FakeCluster, NODE_PATH, type NodeMetadata } from "./testing/fake-cluster.ts";

const POOLS = `${API_PATH}/${POOL_RESOURCE}`;
const ON_RACK_A = { source: "NodePodCIDR", nodeSelector: { matchLabels: { rack: "a" } } } as const;
const SECOND_MS = 1_000;

let cluster: FakeCluster;
let clock: ManualClock;
let view: ClusterView;
/** Names of the pools that the view has told of, in order. */
let told: string[];

beforeEach(() => {
  cluster = new FakeCluster();
  clock = new ManualClock();
  view = new ClusterView({ client: cluster, clock, random: () => 0, meterOf: () => NO_INFORMER_METER });
  told = [];
  onTestFinished(() => view.close());
});

describe("a pool of the nodes' own networks", () => {
  beforeEach(() => {
    cluster.put(POOLS, poolOf({ name: "primary", generation: 1 }, [], { source: "NodePodCIDR" }));
    putNode(1);
    putNode(2);
  });

  test("hands out the networks of all nodes once everything has been read", async () => {
    await start();
    expect(networks()).toEqual(["10.1.1.2-10.1.1.254", "10.1.2.2-10.1.2.254"]);
  });

  test("is read a few times at most while a thousand nodes are listed", async () => {
    for (let number = 3; number <= 1_000; number += 1) putNode(number);
    const toldAtStart = await start();
    expect(networks()).toHaveLength(1_000);
    expect(toldAtStart.length).toBeLessThanOrEqual(2);
  });

  test("is not read anew when a node's heartbeat comes, nor when its condition changes", async () => {
    await start();
    const fact = view.pools.get("primary");
    putNode(1, { conditions: [{ type: "Ready", status: "False" }] });
    await clock.advance(10 * SECOND_MS);
    expect(view.pools.get("primary")).toBe(fact);
    expect(view.node("n1")).toMatchObject({ isReady: false });
    expect(told).toEqual([]);
  });

  test("is not read anew when its status is written, and that is told of", async () => {
    await start();
    const sets = view.pools.get("primary")?.sets;
    const pool = poolOf({ name: "primary", generation: 1 }, [], { source: "NodePodCIDR" });
    cluster.put(POOLS, pool);
    expect(view.pools.get("primary")?.sets).toBe(sets);
    expect(told).toEqual(["primary"]);
  });

  test("is read once for all the nodes that come at once, and told of", async () => {
    await start();
    for (let number = 3; number <= 100; number += 1) putNode(number);
    await clock.advance(10 * SECOND_MS);
    expect(networks()).toHaveLength(100);
    expect(told).toEqual(["primary"]);
  });

  test("is read every five seconds at most while nodes come one by one, and has the last one", async () => {
    await start();
    for (let number = 3; number <= 32; number += 1) {
      putNode(number);
      await clock.advance(SECOND_MS / 2);
    }
    await clock.advance(5 * SECOND_MS);
    expect(networks()).toHaveLength(32);
    expect(told).toHaveLength(4);
  });

  test("loses the network of a node that goes, and gets that of one that had none", async () => {
    cluster.putNode({ name: "n3" });
    await start();
    cluster.remove(NODE_PATH, "n1");
    putNode(3);
    await clock.advance(SECOND_MS);
    expect(networks()).toEqual(["10.1.2.2-10.1.2.254", "10.1.3.2-10.1.3.254"]);
  });

  test("is told of no more where a node comes whose network it has already", async () => {
    await start();
    putNode(2, {}, { name: "twin" });
    await clock.advance(SECOND_MS);
    expect(told).toEqual([]);
  });

  test("has the networks of the nodes alone that meet its selector, as their labels change", async () => {
    cluster.put(POOLS, poolOf({ name: "primary", generation: 2 }, [], ON_RACK_A));
    putNode(1, {}, { labels: { rack: "a" } });
    putNode(2, {}, { labels: { rack: "b" } });
    await start();
    expect(networks()).toEqual(["10.1.1.2-10.1.1.254"]);
    putNode(2, {}, { labels: { rack: "a" } });
    putNode(1);
    await clock.advance(SECOND_MS);
    expect(networks()).toEqual(["10.1.2.2-10.1.2.254"]);
    expect(told).toEqual(["primary"]);
  });

  test("takes the leases of a node that goes for astray", async () => {
    const lease = attachedLease("10.1.1.9", { pool: "primary" });
    cluster.put(`${API_PATH}/${LEASE_RESOURCE}`, lease);
    await start();
    expect([...view.strays.all()]).toEqual([]);
    cluster.remove(NODE_PATH, "n1");
    await clock.advance(SECOND_MS);
    expect([...view.strays.all()].map(({ name }) => name)).toEqual(["10.1.1.9"]);
  });
});

/** Makes the node of that number, with a /24 of its own, or another version of it. */
function putNode(number: number, status: object = {}, metadata: Partial<NodeMetadata> = {}): void {
  const network = `10.${1 + (number >> 8)}.${number & 255}.0/24`;
  cluster.putNode({ name: `n${number}`, ...metadata }, { spec: { podCIDRs: [network] }, status });
}

/** Starts the view. @returns the pools that it has told of until all was read, which `told` holds no more then */
async function start(): Promise<readonly string[]> {
  await view.start({
    leaseChanged: () => undefined,
    poolsChanged: (names) => void told.push(...names),
    unreadable: (_, name, cause) => {
      throw new Error(`${name} is unreadable`, { cause });
    },
  });
  return told.splice(0);
}

/** What the pool hands out. */
function networks(): string[] {
  return view.pools.get("primary")?.sets.flatMap(({ addresses }) => addresses.toString().split(", ")) ?? [];
}
