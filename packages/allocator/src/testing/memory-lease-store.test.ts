import { IpamError } from "@cluster-ipam/errors";
import { describe, expect, it } from "vitest";
import { attachedLease } from "./attached-lease.ts";
import { FakeClock, leaseStoreConformance, MemoryLeaseStore } from "./index.ts";
import { releasedLease, reservation } from "./kept-leases.ts";

leaseStoreConformance(
  "MemoryLeaseStore",
  () => new MemoryLeaseStore(),
  // It has no pages: a list of it is of the moment at which it looks.
  (store, meanwhile) => {
    const until = Promise.resolve().then(meanwhile);
    store.faults.failReads("listByNode", { kind: "held", until });
    store.faults.failReads("listNames", { kind: "held", until });
    return store;
  },
);

const LEASE = attachedLease("10.0.0.5");
const { name: NAME } = LEASE.metadata;

describe("faults of MemoryLeaseStore", () => {
  it("lost: nothing is written", async () => {
    const store = new MemoryLeaseStore();
    store.faults.failWrites("create", { kind: "lost" });
    expect(await store.create(LEASE)).toMatchObject({ kind: "unknown" });
    expect(store.snapshot()).toEqual([]);
  });

  it("answer-lost: it is written, and a second create finds it taken", async () => {
    const store = new MemoryLeaseStore();
    store.faults.failWrites("create", { kind: "answer-lost" });
    expect(await store.create(LEASE)).toMatchObject({ kind: "unknown" });
    expect(await store.create(LEASE)).toEqual({ kind: "taken" });
  });

  it("late: it is written when its time has come, after later calls", async () => {
    const store = new MemoryLeaseStore();
    const clock = new FakeClock();
    store.faults.failWrites("create", { kind: "late", until: clock.sleep(5_000) });
    expect(await store.create(LEASE)).toMatchObject({ kind: "unknown" });
    expect(await store.get(NAME, new AbortController().signal)).toBeUndefined();
    await clock.advance(5_000);
    expect(store.snapshot().map(({ metadata }) => metadata.name)).toEqual([NAME]);
  });

  it("late: it changes nothing when somebody else was first", async () => {
    const store = new MemoryLeaseStore();
    const clock = new FakeClock();
    store.faults.failWrites("create", { kind: "late", until: clock.sleep(5_000) });
    await store.create(LEASE);
    await store.create({ ...LEASE, spec: { ...LEASE.spec, containerID: "another" } });
    await clock.advance(5_000);
    expect(store.snapshot().map(({ spec }) => spec.containerID)).toEqual(["another"]);
  });

  it("held: it is written and answered only then", async () => {
    const store = new MemoryLeaseStore();
    const clock = new FakeClock();
    store.faults.failWrites("create", { kind: "held", until: clock.sleep(5_000) });
    const outcome = store.create(LEASE);
    await clock.advance(4_999);
    expect(store.snapshot()).toEqual([]);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ kind: "created" });
  });

  it("refused: throws, and writes nothing", async () => {
    const store = new MemoryLeaseStore();
    const error = new IpamError("apiserver-refused", "no");
    store.faults.failWrites("create", { kind: "refused", error });
    await expect(store.create(LEASE)).rejects.toBe(error);
    expect(store.snapshot()).toEqual([]);
  });

  it("away: writes are lost, reads wait until it is back", async () => {
    const store = new MemoryLeaseStore();
    await store.create(LEASE);
    store.faults.goAway();
    expect(await store.create(attachedLease("10.0.0.6"))).toMatchObject({ kind: "unknown" });
    const read = store.listNames("pool-a", new AbortController().signal);
    store.faults.comeBack();
    expect(await read).toEqual([NAME]);
  });

  it("away or unanswered: a read ends with its signal", async () => {
    const store = new MemoryLeaseStore();
    const ended = new AbortController();
    store.faults.failReads("get", { kind: "unanswered" });
    const unanswered = store.get(NAME, ended.signal);
    store.faults.goAway();
    const away = store.get(NAME, ended.signal);
    ended.abort();
    for (const read of [unanswered, away]) await expect(read).rejects.toMatchObject({ code: "apiserver-unreachable" });
  });

  it("counts every call with what it was for", async () => {
    const store = new MemoryLeaseStore();
    await store.create(LEASE);
    await store.listNames("pool-a", new AbortController().signal);
    expect(store.faults.calls).toEqual([
      { operation: "create", name: NAME },
      { operation: "listNames", name: "pool-a" },
    ]);
  });

  it("is not changed through what it was given or gave", async () => {
    const store = new MemoryLeaseStore();
    const draft = structuredClone(LEASE);
    const creating = store.create(draft);
    Object.assign(draft.spec, { containerID: "changed" });
    await creating;
    Object.assign(store.snapshot()[0]?.spec ?? {}, { containerID: "changed" });
    expect(store.snapshot()[0]?.spec.containerID).toBe(LEASE.spec.containerID);
  });
});

describe("a lease that is neither attached, nor reserved, nor released", () => {
  it.each([
    ["attached and released", attachedLease("10.0.0.5", { releasedAt: "2026-01-01T00:00:00Z" })],
    ["attached and kept for a time", attachedLease("10.0.0.5", { keepSeconds: 5 })],
    ["attached and reserved for another pod", attachedLease("10.0.0.5", { reserved: { reason: "x" } })],
    ["without an attachment and nothing else", attachedLease("10.0.0.5", { node: "", containerID: "" })],
    ["released and on a node", releasedLease("10.0.0.5", { node: "n1" })],
    ["reserved with an interface", reservation("10.0.0.5", null, { ifName: "net1" })],
    ["reserved for a time", reservation("10.0.0.5", null, { keepSeconds: 5 })],
  ])("is refused: %s", async (_, lease) => {
    await expect(new MemoryLeaseStore().create(lease)).rejects.toMatchObject({ code: "object-refused" });
  });
});
