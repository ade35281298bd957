import { expect, test } from "vitest";
import { blockOf, blockStoreConformance, MemoryBlockStore } from "./index.ts";

blockStoreConformance("MemoryBlockStore", () => new MemoryBlockStore());

test("answer-lost: the block is written, and a second create finds it taken", async () => {
  const store = new MemoryBlockStore();
  store.faults.failWrites("create", { kind: "answer-lost" });
  expect(await store.create(blockOf("10.0.0.0/28"))).toMatchObject({ kind: "unknown" });
  expect(await store.create(blockOf("10.0.0.0/28"))).toEqual({ kind: "taken" });
});

test("what another makes and removes are no calls", async () => {
  const store = new MemoryBlockStore();
  store.put(blockOf("10.0.0.0/28", { node: "n2" }));
  store.remove("10.0.0.0-28");
  expect(store.snapshot()).toEqual([]);
  expect(store.faults.calls).toEqual([]);
});
