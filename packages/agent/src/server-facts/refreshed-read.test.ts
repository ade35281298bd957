import { FakeClock, MemoryClusterFacts } from "@cluster-ipam/allocator/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { never } from "../testing/agent-world.ts";
import { FactsCache } from "./facts-cache.ts";
import { refreshUntil } from "./refreshed-read.ts";

let facts: MemoryClusterFacts;
let clock: FakeClock;
let cache: FactsCache;
let ended: AbortController;

beforeEach(() => {
  facts = new MemoryClusterFacts();
  clock = new FakeClock();
  cache = new FactsCache("n1", facts, clock);
  ended = new AbortController();
  void refreshUntil([cache], clock, ended.signal);
});

afterEach(() => ended.abort());

function calls(): string[] {
  return facts.calls.splice(0);
}

test("nothing is asked while nothing is in use", async () => {
  await clock.advance(120_000);
  expect(calls()).toEqual([]);
});

test("what is in use is read every 5 s, so that a change is seen without a call that waits", async () => {
  facts.putNode("n1", { labels: { rack: "7" } });
  facts.putNamespace("shop");
  await cache.node(never());
  await cache.namespace("shop", never());
  expect(calls()).toEqual(["node n1", "namespace shop"]);
  facts.putNode("n1", { labels: { rack: "8" } });
  await clock.advance(5_000);
  expect(calls()).toEqual(["node n1", "namespace shop"]);
  expect(await cache.node(never())).toMatchObject({ labels: { rack: "8" } });
  expect(calls()).toEqual([]);
});

test("each namespace is left alone once it has served no call for 30 s", async () => {
  await cache.namespace("shop", never());
  await clock.advance(20_000);
  await cache.namespace("bank", never());
  await clock.advance(15_000);
  calls();
  await clock.advance(5_000);
  expect(calls()).toEqual(["namespace bank"]);
  await clock.advance(60_000);
  calls();
  await clock.advance(600_000);
  expect(calls()).toEqual([]);
});

test("a refresh that fails ends nothing: the next call reads for itself", async () => {
  facts.putNode("n1");
  await cache.node(never());
  facts.failure = new Error("away");
  await clock.advance(11_000);
  await expect(cache.node(never())).rejects.toThrow("away");
  facts.failure = undefined;
  expect(await cache.node(never())).toEqual({ labels: {}, podCidrs: [] });
});
