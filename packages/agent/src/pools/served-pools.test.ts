import { FakeClock, MemoryClusterFacts, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import type { IPLease, IPPoolSpec } from "@cluster-ipam/api";
import { beforeEach, describe, expect, test } from "vitest";
import { FactsCache } from "../server-facts/facts-cache.ts";
import { PoolCache } from "../server-facts/pool-cache.ts";
import { never } from "../testing/agent-world.ts";
import { LogLines } from "../testing/log-lines.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";
import { poolCall } from "../testing/pool-calls.ts";
import { TickingClock } from "../testing/ticking-clock.ts";
import { servedPools } from "./served-pools.ts";

let store: MemoryPoolStore;
let facts: MemoryClusterFacts;

beforeEach(() => {
  store = new MemoryPoolStore();
  facts = new MemoryClusterFacts();
  facts.putNode("n1", { labels: { host: "n1" } });
});

function onNode(host: string): Partial<IPPoolSpec> {
  return { nodeSelector: { matchLabels: { host } } };
}

/** Names of those of the pools that serve a pod on node n1 whose attachment has these addresses. */
async function served(names: readonly string[], held: readonly IPLease[] = []): Promise<string[]> {
  const clock = new TickingClock(new FakeClock());
  const pools = new PoolCache(store, clock, new LogLines().log);
  const found = await Promise.all(names.map((name) => pools.get(name, never())));
  const call = poolCall(pools, { facts: new FactsCache("n1", facts, clock), held });
  const known = await servedPools(
    found.flatMap((one) => one ?? []),
    call,
  );
  return known.map(({ pool }) => pool.metadata.name);
}

describe("a list of pools", () => {
  beforeEach(() => {
    store.put(poolOf("n1-pool", ["10.0.1.0/24"], onNode("n1")));
    store.put(poolOf("n2-pool", ["10.0.2.0/24"], onNode("n2")));
    store.put(poolOf("n3-pool", ["10.0.3.0/24"], onNode("n3")));
    store.put(poolOf("n1-six", ["fd00:1::/64"], onNode("n1")));
    store.put(poolOf("n2-six", ["fd00:2::/64"], onNode("n2")));
    store.put(poolOf("n2-dual", ["10.0.2.0/24", "fd00:2::/64"], onNode("n2")));
    store.put(poolOf("all-four", ["10.0.0.0/24"]));
    store.put(poolOf("all-six", ["fd00::/64"]));
  });

  test.each([
    [["n1-pool", "n2-pool"], ["n1-pool"]],
    [["n3-pool", "n2-pool", "n1-pool"], ["n1-pool"]],
    [
      ["n1-pool", "n2-pool", "n1-six", "n2-six"],
      ["n1-pool", "n1-six"],
    ],
    [
      ["n1-pool", "n1-six", "n2-dual"],
      ["n1-pool", "n1-six"],
    ],
    [
      ["n2-pool", "all-four", "all-six"],
      ["all-four", "all-six"],
    ],
    [
      ["all-four", "n1-pool"],
      ["all-four", "n1-pool"],
    ],
  ])("%j is, on node n1, %j", async (names, expected) => {
    expect(await served(names)).toEqual(expected);
  });

  test("of which none serves the node is an error that names them all", async () => {
    await expect(served(["n2-pool", "n3-pool"])).rejects.toMatchObject({
      code: "pool-not-allowed",
      message:
        "pool n2-pool does not serve node n1: its spec.nodeSelector wants host=n2, and the node has host=n1; " +
        "pool n3-pool does not serve node n1: its spec.nodeSelector wants host=n3, and the node has host=n1: " +
        "use a pool that does, change the selector, or label the node or namespace",
    });
  });

  test.each([
    [["n1-pool", "n2-dual"], "n1-pool", "IPv6"],
    [["n1-pool", "n2-six"], "n1-pool", "IPv6"],
    [["all-six", "n1-six", "n2-pool"], "all-six, n1-six", "IPv4"],
  ])("%j would lose a family on node n1, which is an error and no silent loss", async (names, rest, family) => {
    const message = expect.stringContaining(`; the rest of ipam.pools (${rest}) has no ${family}: `);
    await expect(served(names)).rejects.toMatchObject({ code: "pool-not-allowed", message });
  });

  test("passes over a pool of the nodes' own networks by the families that this node has", async () => {
    store.put(poolOf("own", [], { source: "NodePodCIDR", ...onNode("n2") }));
    facts.putNode("n1", { labels: { host: "n1" }, podCidrs: ["10.244.1.0/24"] });
    expect(await served(["own", "all-four"])).toEqual(["all-four"]);
    facts.putNode("n1", { labels: { host: "n1" }, podCidrs: ["10.244.1.0/24", "fd00:9::/64"] });
    await expect(served(["own", "all-four"])).rejects.toThrow("has no IPv6");
    facts.putNode("n1", { labels: { host: "n1" } });
    await expect(served(["own"])).rejects.toThrow("pool own does not serve node n1");
  });
});

describe("an attachment that has its address", () => {
  const held = [leaseOf("10.0.1.9", { pool: "n1-pool" })];

  beforeEach(() => {
    store.put(poolOf("n1-pool", ["10.0.1.0/24"], onNode("n1")));
    store.put(poolOf("n2-pool", ["10.0.2.0/24"], onNode("n2")));
    store.put(poolOf("all-six", ["fd00::/64"]));
  });

  test("keeps the pool that does not serve its node any more", async () => {
    facts.putNode("n1", { labels: {} });
    expect(await served(["n1-pool"], held)).toEqual(["n1-pool"]);
    await expect(served(["n1-pool"])).rejects.toMatchObject({ code: "pool-not-allowed" });
  });

  test("gets no second one from the pool that serves its node instead", async () => {
    facts.putNode("n1", { labels: { host: "n2" } });
    expect(await served(["n1-pool", "n2-pool", "all-six"], held)).toEqual(["n1-pool", "all-six"]);
    expect(await served(["n1-pool", "n2-pool", "all-six"])).toEqual(["n2-pool", "all-six"]);
  });

  test("keeps no pool that it has no address of", async () => {
    facts.putNode("n1", { labels: {} });
    await expect(served(["n2-pool"], held)).rejects.toMatchObject({ code: "pool-not-allowed" });
  });
});

test("pools without selectors serve everybody, and no label is read for them", async () => {
  store.put(poolOf("all", ["10.0.0.0/24"]));
  store.put(poolOf("terms", ["10.1.0.0/24"], { nodeSelector: {} }));
  expect(await served(["all", "terms"])).toEqual(["all", "terms"]);
  expect(facts.calls).toEqual([]);
});
