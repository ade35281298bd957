import { FakeClock, MemoryClusterFacts, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import type { IPPoolSpec } from "@cluster-ipam/api";
import { beforeEach, expect, test } from "vitest";
import { FactsCache } from "../server-facts/facts-cache.ts";
import { PoolCache } from "../server-facts/pool-cache.ts";
import { isRestricted } from "../server-facts/restriction.ts";
import { LogLines } from "../testing/log-lines.ts";
import { poolOf } from "../testing/objects.ts";
import { poolCall } from "../testing/pool-calls.ts";
import { refusalOf } from "./pool-admission.ts";
import type { PoolCall } from "./pool-call.ts";

const PHYSICAL: Partial<IPPoolSpec> = { nodeSelector: { matchLabels: { "mlab/type": "physical" } } };
const TEAMS: Partial<IPPoolSpec> = {
  namespaceSelector: { matchExpressions: [{ key: "team", operator: "In", values: ["a", "b"] }] },
};

let facts: MemoryClusterFacts;
let clock: FakeClock;
let cache: FactsCache;

beforeEach(() => {
  facts = new MemoryClusterFacts();
  clock = new FakeClock();
  cache = new FactsCache("n1", facts, clock);
});

function refusal(spec: Partial<IPPoolSpec>, change: Partial<PoolCall> = {}): Promise<string | undefined> {
  const pools = new PoolCache(new MemoryPoolStore(), clock, new LogLines().log);
  return refusalOf(poolOf("blue", ["10.0.0.0/24"], spec), poolCall(pools, { facts: cache, ...change }));
}

test("a pool without selectors serves everybody, and nothing is asked", async () => {
  expect(await refusal({})).toBeUndefined();
  expect(await refusal({ nodeSelector: {} }, { namespace: undefined })).toBeUndefined();
  expect(facts.calls).toEqual([]);
});

test("a pool serves the nodes that its selector matches", async () => {
  facts.putNode("n1", { labels: { "mlab/type": "physical" } });
  expect(await refusal(PHYSICAL)).toBeUndefined();
});

test.each([
  [{ "mlab/type": "virtual", rack: "7" }, "the node has mlab/type=virtual"],
  [{ rack: "7" }, "the node has no label mlab/type"],
])("a node with the labels %j is refused, with the label that matters", async (labels, found) => {
  facts.putNode("n1", { labels });
  expect(await refusal(PHYSICAL)).toBe(
    `pool blue does not serve node n1: its spec.nodeSelector wants mlab/type=physical, and ${found}`,
  );
});

test("a node without a Node object is refused", async () => {
  expect(await refusal(PHYSICAL)).toBe(
    "pool blue does not serve node n1: its spec.nodeSelector wants mlab/type=physical, and there is no such Node object",
  );
});

test("a pool serves the namespaces that its selector matches, and no other", async () => {
  facts.putNamespace("shop", { team: "b" });
  facts.putNamespace("bank", { team: "c" });
  expect(await refusal(TEAMS)).toBeUndefined();
  expect(await refusal(TEAMS, { namespace: "bank" })).toBe(
    "pool blue does not serve namespace bank: its spec.namespaceSelector wants team in (a,b), and the namespace has team=c",
  );
  expect(await refusal(TEAMS, { namespace: "gone" })).toContain("and there is no such namespace");
});

test("a call without a namespace is refused by every selector of namespaces, an empty one included", async () => {
  for (const spec of [TEAMS, { namespaceSelector: {} }]) {
    expect(await refusal(spec, { namespace: undefined })).toBe(
      "pool blue serves pods by their namespace (spec.namespaceSelector), and CNI_ARGS holds no K8S_POD_NAMESPACE",
    );
  }
  expect(await refusal({ namespaceSelector: {} })).toBeUndefined();
  expect(facts.calls).toEqual([]);
});

test("both selectors must match", async () => {
  facts.putNode("n1", { labels: { "mlab/type": "physical" } });
  facts.putNamespace("shop", {});
  expect(await refusal({ ...PHYSICAL, ...TEAMS })).toContain("the namespace has no label team");
});

test("labels are trusted for 10 s, and read once for the calls of that time", async () => {
  facts.putNode("n1", { labels: { "mlab/type": "physical" } });
  await refusal(PHYSICAL);
  facts.putNode("n1", { labels: { "mlab/type": "virtual" } });
  await clock.advance(10_000);
  expect(await refusal(PHYSICAL)).toBeUndefined();
  expect(facts.calls).toEqual(["node n1"]);
  await clock.advance(1);
  expect(await refusal(PHYSICAL)).toContain("the node has mlab/type=virtual");
});

test("labels that cannot be read refuse the call with what went wrong", async () => {
  facts.failure = new Error("the permission to get nodes");
  await expect(refusal(PHYSICAL)).rejects.toThrow("the permission to get nodes");
});

test.each([
  [{}, false],
  [{ nodeSelector: {} }, false],
  [{ nodeSelector: { matchExpressions: [] } }, false],
  [PHYSICAL, true],
  [TEAMS, true],
  [{ namespaceSelector: {} }, true],
])("a pool with %j serves some only: %s", (spec, expected) => {
  expect(isRestricted(poolOf("blue", ["10.0.0.0/24"], spec))).toBe(expected);
});
