import { describe, expect, test } from "vitest";
import { attachedLease } from "./attached-lease.ts";
import { FakeClock } from "./fake-clock.ts";
import { KeptLeaseEnder } from "./kept-lease-ender.ts";
import { releasedLease, reservation } from "./kept-leases.ts";
import { MemoryLeaseStore } from "./memory-lease-store.ts";
import { FAMILIES } from "./test-network.ts";

async function setUp() {
  const store = new MemoryLeaseStore();
  const clock = new FakeClock();
  const kept = {
    list: () => Promise.resolve(store.snapshot()),
    delete: store.delete.bind(store),
    poolSeconds: () => Promise.resolve(20),
  };
  return { store, clock, ender: new KeptLeaseEnder(kept, clock) };
}

describe.each(FAMILIES)("of $family", ({ network }) => {
  test("a kept lease ends when it has been seen for as long as it says, whatever its releasedAt", async () => {
    const { store, clock, ender } = await setUp();
    await store.create(releasedLease(network.at(7), { keepSeconds: 60, releasedAt: "1999-01-01T00:00:00Z" }));
    expect(await ender.look()).toEqual([]);
    await clock.advance(59_999);
    expect(await ender.look()).toEqual([]);
    await clock.advance(1);
    expect(await ender.look()).toEqual([network.nameAt(7)]);
    expect(store.snapshot()).toEqual([]);
  });

  test("a lease that says nothing is kept for as long as its pool says", async () => {
    const { store, clock, ender } = await setUp();
    const lease = releasedLease(network.at(7));
    const { keepSeconds: _, ...spec } = lease.spec;
    await store.create({ ...lease, spec });
    await ender.look();
    await clock.advance(20_000);
    expect(await ender.look()).toEqual([network.nameAt(7)]);
  });

  test("what was taken over and given back again has its whole time anew", async () => {
    const { store, clock, ender } = await setUp();
    const created = await store.create(releasedLease(network.at(7), { keepSeconds: 60 }));
    if (created.kind !== "created") throw new Error(created.kind);
    await ender.look();
    await clock.advance(50_000);
    await store.replace(created.lease);
    await ender.look();
    await clock.advance(50_000);
    expect(await ender.look()).toEqual([]);
  });

  test("leases that are attached or reserved never end", async () => {
    const { store, clock, ender } = await setUp();
    await store.create(attachedLease(network.at(7)));
    await store.create(reservation(network.at(8)));
    await ender.look();
    await clock.advance(1e9);
    expect(await ender.look()).toEqual([]);
  });
});
