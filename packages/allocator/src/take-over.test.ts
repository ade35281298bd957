import type { IPLeaseSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { expect, test } from "vitest";
import { AllocatorFixture, anyOf, fixedOf } from "./testing/allocator-fixture.ts";
import { attachedLease } from "./testing/index.ts";

/** What an earlier sandbox of the claimant's pod has. */
const EARLIER: Partial<IPLeaseSpec> = {
  network: "lan",
  containerID: "c1",
  ifName: "net1",
  node: "n1",
  pod: { namespace: "shop", name: "web-0", uid: "u1" },
  holder: "shop/web-0/net1",
  pool: "lab",
};
const STRANGER: Partial<IPLeaseSpec> = {
  ...EARLIER,
  containerID: "c9",
  pod: { namespace: "shop", name: "db-0", uid: "u9" },
  holder: "shop/db-0/net1",
};

test("the lease of an earlier sandbox is taken over by one write", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", EARLIER));
  const [lease] = await world.take([anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", containerID: "c2" });
  expect(lease?.metadata.uid).toBe(earlier.metadata.uid);
  expect(world.store.faults.calls).toEqual([{ operation: "replace", name: "10.0.0.7" }]);
});

test("a lease that is taken over keeps its pool, and has the gateway of today", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", { ...EARLIER, pool: "old", gateway: "10.0.9.1" }));
  const [lease] = await world.take([anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", pool: "old", prefixLength: 24 });
  expect(lease?.spec).not.toHaveProperty("gateway");
});

test("a lease whose subnet has another prefix length by now is made again, by a delete and a create", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", { ...EARLIER, pool: "old", prefixLength: 16 }));
  world.store.faults.calls.length = 0;
  const [lease] = await world.take([anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", pool: "lab", prefixLength: 24 });
  expect(lease?.metadata.uid).not.toBe(earlier.metadata.uid);
  expect(world.store.faults.calls.map(({ operation }) => operation)).toEqual(["delete", "create"]);
});

test("one that changed meanwhile is left alone, and the pod gets another address", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", { ...EARLIER, prefixLength: 16 }));
  await world.store.replace({ ...earlier, spec: { ...earlier.spec, network: "wan" } });
  const [lease] = await world.take([anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(lease?.spec.address).not.toBe("10.0.0.7");
  expect(world.store.snapshot()).toHaveLength(2);
});

test("both leases of a dual-stack sandbox are taken over", async () => {
  const world = new AllocatorFixture();
  const v4 = await world.put(attachedLease("10.0.0.7", EARLIER));
  const v6 = await world.put(attachedLease("fd00::7", EARLIER));
  const leases = await world.take([anyOf("fd00::/64"), anyOf("10.0.0.0/24")], {}, [v4, v6]);
  expect(leases.map(({ metadata }) => metadata.uid)).toEqual([v6.metadata.uid, v4.metadata.uid]);
  expect(world.operations).toEqual(["replace", "replace"]);
});

test("a lease of an earlier sandbox serves one claim only, whatever becomes of the writes", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", EARLIER));
  world.store.faults.failWrites("replace", { kind: "held", until: Promise.resolve() }, { kind: "lost" });
  const leases = await world.take([anyOf("10.0.0.0/24"), anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(leases[0]?.spec.address).toBe("10.0.0.7");
  expect(leases[1]?.spec.address).not.toBe("10.0.0.7");
});

test("a fixed address that an earlier sandbox holds is taken over, though this process does not know it", async () => {
  const world = new AllocatorFixture();
  await world.put(attachedLease("10.0.0.7", EARLIER));
  const [lease] = await world.take([fixedOf("10.0.0.0/24", "10.0.0.7")]);
  expect(lease?.spec.containerID).toBe("c2");
  expect(world.operations).toEqual(["create", "get", "replace"]);
});

test("a fixed address that an earlier call left to this very attachment is its own", async () => {
  const world = new AllocatorFixture();
  const left = await world.put(attachedLease("10.0.0.7", { ...EARLIER, containerID: "c2" }));
  const [lease] = await world.take([fixedOf("10.0.0.0/24", "10.0.0.7")]);
  expect(lease?.metadata.uid).toBe(left.metadata.uid);
  expect(world.store.snapshot()).toEqual([lease]);
});

test("and is written anew, so that a delete of the earlier call that comes late cannot hit it", async () => {
  const world = new AllocatorFixture();
  const left = await world.put(attachedLease("10.0.0.7", { ...EARLIER, containerID: "c2" }));
  const [lease] = await world.take([fixedOf("10.0.0.0/24", "10.0.0.7")]);
  await world.remove(left);
  expect(world.store.snapshot()).toEqual([lease]);
});

test("an earlier sandbox's lease of another address is left where a fixed one is asked for", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", EARLIER));
  const [lease] = await world.take([fixedOf("10.0.0.0/24", "10.0.0.8")], {}, [earlier]);
  expect(lease?.spec.address).toBe("10.0.0.8");
  expect(world.store.snapshot()).toContainEqual(earlier);
});

test.for([
  ["outside the set", "10.0.1.7", {}],
  ["in another address space", "10.0.0.7", { addressSpace: "blue" }],
] as const)("an earlier sandbox's lease %s is left", async ([, address, spec]) => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease(address, { ...EARLIER, ...spec }));
  await world.take([anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(world.store.snapshot()).toContainEqual(earlier);
});

test("an earlier sandbox's lease that has changed since is left, and another address is taken", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", EARLIER));
  await world.store.replace({ ...earlier, spec: { ...earlier.spec, ...STRANGER } });
  const [lease] = await world.take([anyOf("10.0.0.0/24")], {}, [earlier]);
  expect(lease?.spec.address).not.toBe("10.0.0.7");
});

test("a lease of this node whose sandbox is gone is taken over where the walk meets it", async () => {
  const world = new AllocatorFixture();
  world.goneContainers = ["c9"];
  const dead = await world.put(attachedLease("10.0.0.5", STRANGER));
  const [lease] = await world.take([anyOf("10.0.0.5/32")], {}, [dead]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.5", containerID: "c2" });
});

test("a fixed address whose holder's sandbox is gone is taken over", async () => {
  const world = new AllocatorFixture();
  world.goneContainers = ["c9"];
  await world.put(attachedLease("10.0.0.7", STRANGER));
  expect((await world.take([fixedOf("10.0.0.0/24", "10.0.0.7")]))[0]?.spec.containerID).toBe("c2");
});

test("a fixed address whose holder leaves while it is taken over is tried again", async () => {
  const world = new AllocatorFixture();
  world.goneContainers = ["c9"];
  const dead = await world.put(attachedLease("10.0.0.7", STRANGER));
  const { promise, resolve } = Promise.withResolvers<undefined>();
  world.store.faults.failWrites("replace", { kind: "held", until: promise });
  const taken = world.take([fixedOf("10.0.0.0/24", "10.0.0.7")]);
  await world.begun("replace");
  await world.remove(dead);
  resolve(undefined);
  expect((await taken)[0]?.spec.containerID).toBe("c2");
});

test.for([
  ["of another node", { ...EARLIER, node: "n2" }, ["c1"]],
  ["of another node whose sandbox is gone", { ...STRANGER, node: "n2" }, ["c9"]],
  ["of a living sandbox of another pod", STRANGER, []],
  ["of another pod of the same name", { ...EARLIER, pod: { namespace: "shop", name: "web-0", uid: "u0" } }, []],
  ["of the pod's other network", { ...EARLIER, network: "wan" }, []],
  [
    "that is reserved for another pod",
    { ...STRANGER, reserved: { reason: "vip", for: { namespace: "shop", name: "db-0" } } },
    ["c9"],
  ],
] as const)("a lease %s is never taken over", async ([, spec, goneContainers]) => {
  const world = new AllocatorFixture();
  world.goneContainers = goneContainers;
  const held = await world.put(attachedLease("10.0.0.5", spec));
  const fixed = world.take([fixedOf("10.0.0.4/31", "10.0.0.5")], {}, [held]);
  await expect(fixed).rejects.toMatchObject({ code: "address-taken" });
  const [lease] = await world.take([anyOf("10.0.0.4/31")], {}, [held]);
  expect(lease?.spec.address).toBe("10.0.0.4");
  expect(world.store.snapshot()).toContainEqual(held);
});

test.for([
  ["an earlier sandbox's", EARLIER],
  ["the attachment's own", { ...EARLIER, containerID: "c2" }],
  ["a gone sandbox's", STRANGER],
] as const)("a lease that is being deleted goes to nobody: %s", async ([, spec]) => {
  const world = new AllocatorFixture();
  world.goneContainers = ["c9"];
  const draft = attachedLease("10.0.0.5", spec);
  const metadata = { ...draft.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  const leaving = await world.put({ ...draft, metadata });
  const fixed = world.take([fixedOf("10.0.0.4/31", "10.0.0.5")], {}, [leaving]);
  await expect(fixed).rejects.toMatchObject({ code: "address-taken" });
  const [lease] = await world.take([anyOf("10.0.0.4/31")], {}, [leaving]);
  expect(lease?.spec.address).toBe("10.0.0.4");
  expect(world.store.snapshot()).toContainEqual(leaving);
});

test("a call that has ended takes nothing over", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", EARLIER));
  const reason = new IpamError("cancelled", "overtaken by a DEL");
  world.controller.abort(reason);
  await expect(world.take([anyOf("10.0.0.0/24")], {}, [earlier])).rejects.toBe(reason);
  expect(world.operations).toEqual([]);
});

test("a lease that was taken over for a call that failed is given back at its new version", async () => {
  const world = new AllocatorFixture();
  const earlier = await world.put(attachedLease("10.0.0.7", EARLIER));
  await world.put(attachedLease("10.0.1.5", STRANGER));
  const claims = [anyOf("10.0.0.0/24"), anyOf("10.0.1.5/32")];
  await expect(world.take(claims, {}, [earlier])).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(world.store.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c9"]);
});
