import { IpamError } from "@cluster-ipam/errors";
import { expect, test } from "vitest";
import type { Claim } from "./allocation.ts";
import type { Claimant } from "./claimant.ts";
import { AllocatorFixture, anyOf, fixedOf } from "./testing/allocator-fixture.ts";
import { attachedLease } from "./testing/index.ts";
import { coolingLease, releasedLease } from "./testing/kept-leases.ts";
import { rangeSetOf } from "./testing/range-set-of.ts";

const FOUR = "10.0.0.0/24";
const SIX = "fd00::/64";

/** A claim on a pool that keeps addresses for their pods. */
function kept(subnet: string): Claim {
  return { ...anyOf(subnet), retains: true };
}

test.for([
  [FOUR, "10.0.0.7"],
  [SIX, "fd00::7"],
] as const)(
  "what %s has kept for the pod is taken over on any node, by one list and one write",
  async ([subnet, address]) => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(address));
    const [lease] = await world.take([kept(subnet)], { node: "n9" });
    expect(world.operations).toEqual(["listByHolder", "replace"]);
    expect(lease?.metadata.uid).toBe(released.metadata.uid);
    expect(lease?.spec).toMatchObject({
      address,
      node: "n9",
      containerID: "c2",
      pod: { uid: "u1" },
      holder: "shop/web-0/net1",
    });
    expect(lease?.spec).not.toHaveProperty("releasedAt");
    expect(lease?.spec).not.toHaveProperty("keepSeconds");
  },
);

test("a dual-stack call takes both of its addresses over by one list", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7"));
  await world.put(releasedLease("fd00::7"));
  const leases = await world.take([kept(FOUR), kept(SIX)]);
  expect(leases.map(({ spec }) => spec.address)).toEqual(["10.0.0.7", "fd00::7"]);
  expect(world.operations).toEqual(["listByHolder", "replace", "replace"]);
});

test("two claims of one range share what is kept, and each lease serves one", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7"));
  const leases = await world.take([kept(FOUR), kept(FOUR)]);
  const addresses = leases.map(({ spec }) => spec.address);
  expect(addresses[0]).toBe("10.0.0.7");
  expect(new Set(addresses).size).toBe(2);
});

test("of several kept addresses the one that was given back last is taken, and the others stay kept", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7", { releasedAt: "2026-01-01T00:00:00Z" }));
  await world.put(releasedLease("10.0.0.8", { releasedAt: "2026-01-03T00:00:00Z" }));
  await world.put(releasedLease("10.0.0.9", { releasedAt: "2026-01-02T00:00:00Z" }));
  const [lease] = await world.take([kept(FOUR)]);
  expect(lease?.spec.address).toBe("10.0.0.8");
  expect(world.store.snapshot().filter(({ spec }) => spec.releasedAt !== undefined)).toHaveLength(2);
});

test.for<readonly [string, Parameters<typeof releasedLease>, Partial<Claimant>]>([
  ["of another pod", ["10.0.0.7", { holder: "shop/web-1/net1", pod: { namespace: "shop", name: "web-1" } }], {}],
  ["of the pod's other interface", ["10.0.0.7", { holder: "shop/web-0/net2", ifName: "net2" }], {}],
  ["of another address space", ["10.0.0.7", { addressSpace: "blue" }], {}],
  ["that the pool does not hand out any more", ["10.0.1.7"], {}],
  ["that a call without a pod asks for", ["10.0.0.7"], { pod: undefined }],
])("a kept address %s is left, and another one is taken", async ([, lease, who]) => {
  const world = new AllocatorFixture();
  const released = await world.put(releasedLease(...lease));
  const [taken] = await world.take([kept(FOUR)], who);
  expect(taken?.spec.address).not.toBe("10.0.0.7");
  expect(world.store.snapshot()).toContainEqual(released);
});

test("a call without a pod asks for no list", async () => {
  const world = new AllocatorFixture();
  await world.take([kept(FOUR)], { pod: undefined });
  expect(world.operations).toEqual(["create"]);
});

test("a pool that keeps nothing for pods asks for no list", async () => {
  const world = new AllocatorFixture();
  await world.take([anyOf(FOUR)]);
  expect(world.operations).toEqual(["create"]);
});

test("a lease that the pod still has on another node is left to it", async () => {
  const world = new AllocatorFixture();
  const attached = await world.put(attachedLease("10.0.0.7", { holder: "shop/web-0/net1", node: "n2" }));
  const [lease] = await world.take([kept(FOUR)]);
  expect(lease?.spec.address).not.toBe("10.0.0.7");
  expect(world.store.snapshot()).toContainEqual(attached);
});

test("what an earlier pod of the name has left on this node, without a DEL, is taken over once its sandbox is gone", async () => {
  const world = new AllocatorFixture();
  world.goneContainers = ["c1"];
  const pod = { namespace: "shop", name: "web-0", uid: "u0" };
  await world.put(attachedLease("10.0.0.7", { holder: "shop/web-0/net1", node: "n1", containerID: "c1", pod }));
  const [lease] = await world.take([kept(FOUR)]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", containerID: "c2" });
  expect(world.operations).toEqual(["listByHolder", "replace"]);
});

test("a lease that is taken over keeps its pool, and has the gateway of today", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7", { pool: "old", gateway: "10.0.0.1" }));
  const [lease] = await world.take([{ ...kept(FOUR), set: rangeSetOf(FOUR, { gateway: "10.0.0.254" }) }]);
  expect(lease?.spec).toMatchObject({ pool: "old", gateway: "10.0.0.254" });
});

test("one whose subnet was resized is made again, so that the pod has its address in the subnet of today", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7", { prefixLength: 26, pool: "old" }));
  const [lease] = await world.take([kept(FOUR)]);
  // Held by its node first: an agent may delete no lease that is not of its node.
  expect(world.operations).toEqual(["listByHolder", "replace", "delete", "create"]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", prefixLength: 24, pool: "lab" });
  expect(lease?.spec).not.toHaveProperty("releasedAt");
});

test("one that cannot be made again in its resized subnet is given back as it was kept, and the pod gets another address", async () => {
  const world = new AllocatorFixture();
  const before = await world.put(releasedLease("10.0.0.7", { prefixLength: 26, pool: "old" }));
  world.store.faults.failWrites("delete", { kind: "lost" });
  const [lease] = await world.take([kept(FOUR)]);
  expect(lease?.spec.address).not.toBe("10.0.0.7");
  expect(world.givenBack.map(({ spec }) => spec.address)).toEqual(["10.0.0.7"]);
  expect(world.origins).toEqual([{ kind: "kept", spec: before.spec }]);
});

test("and so it is where the server refuses that for good, which fails the call", async () => {
  const world = new AllocatorFixture();
  const before = await world.put(releasedLease("10.0.0.7", { prefixLength: 26, pool: "old" }));
  const error = new IpamError("apiserver-refused", "forbidden");
  world.store.faults.failWrites("delete", { kind: "refused", error });
  await expect(world.take([kept(FOUR)])).rejects.toBe(error);
  expect(world.origins).toEqual([{ kind: "kept", spec: before.spec }]);
});

test("of two agents that take the same kept lease one wins, and the other gets another address", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7"));
  const leases = await Promise.all([
    world.take([kept(FOUR)], { node: "n1", containerID: "c2" }),
    world.take([kept(FOUR)], { node: "n2", containerID: "c3" }),
  ]);
  const addresses = leases.flat().map(({ spec }) => spec.address);
  expect(addresses.filter((address) => address === "10.0.0.7")).toHaveLength(1);
  expect(new Set(addresses).size).toBe(2);
});

test("a take-over whose answer was lost is found to have happened", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7"));
  world.store.faults.failWrites("replace", { kind: "answer-lost" });
  const [lease] = await world.take([kept(FOUR)]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", containerID: "c2" });
  expect(world.store.snapshot()).toEqual([lease]);
});

test("a kept lease whose time ends while it is taken over costs the address, and no more", async () => {
  const world = new AllocatorFixture();
  const released = await world.put(releasedLease("10.0.0.7"));
  const gate = Promise.withResolvers<void>();
  world.store.faults.failWrites("replace", { kind: "held", until: gate.promise });
  const taking = world.take([kept(FOUR)]);
  await world.begun("replace");
  await world.remove(released);
  gate.resolve();
  const [lease] = await taking;
  expect(world.store.snapshot()).toEqual([lease]);
});

test("what was kept is given back as what it was when the call fails", async () => {
  const world = new AllocatorFixture();
  const released = await world.put(releasedLease("10.0.0.7"));
  const refused = new IpamError("apiserver-refused", "no more leases");
  world.store.faults.failWrites("create", { kind: "refused", error: refused });
  await expect(world.take([kept(FOUR), anyOf(SIX)])).rejects.toBe(refused);
  expect(world.origins).toEqual([{ kind: "kept", spec: released.spec }]);
});

test("what may have been taken over when time runs out is looked for, as what it was", async () => {
  const world = new AllocatorFixture();
  const released = await world.put(releasedLease("10.0.0.7"));
  world.store.faults.failWrites("replace", { kind: "lost" });
  const ended = new IpamError("agent-unreachable", "time is up");
  const gate = Promise.withResolvers<void>();
  world.store.faults.failWrites("replace", { kind: "held", until: gate.promise });
  const taking = world.take([kept(FOUR)]);
  await world.begun("replace");
  world.controller.abort(ended);
  gate.resolve();
  await expect(taking).rejects.toMatchObject({ code: "agent-unreachable" });
  const origins = [...world.origins, ...world.recheckedOrigins];
  expect(origins).toEqual([{ kind: "kept", spec: released.spec }]);
});

test.for([
  ["kept", releasedLease("10.0.0.7")],
  ["cooling down", releasedLease("10.0.0.7", { keepSeconds: 5 })],
] as const)("a fixed address that is %s for the pod is taken over", async ([, released]) => {
  const world = new AllocatorFixture();
  await world.put(released);
  const [lease] = await world.take([fixedOf(FOUR, "10.0.0.7")], { node: "n9" });
  expect(lease?.spec).toMatchObject({ address: "10.0.0.7", node: "n9" });
  expect(world.operations).toEqual(["create", "get", "replace"]);
});

test.for([
  [
    releasedLease("10.0.0.7", { holder: "shop/db-0/net1", pod: { namespace: "shop", name: "db-0" } }),
    "nobody, but kept for pod shop/db-0 (interface net1) since 2026-01-02T03:04:05Z: kubectl delete iplease 10.0.0.7 frees it",
  ],
  [
    coolingLease("10.0.0.7"),
    "nobody, but cooling down since 2026-01-02T03:04:05Z: kubectl delete iplease 10.0.0.7 frees it",
  ],
] as const)("a fixed address that is not for the pod is refused: %#", async ([released, says]) => {
  const world = new AllocatorFixture();
  const before = await world.put(released);
  await expect(world.take([fixedOf(FOUR, "10.0.0.7")])).rejects.toMatchObject({
    code: "address-taken",
    message: `address 10.0.0.7 is held by ${says}`,
  });
  expect(world.store.snapshot()).toEqual([before]);
});

test.for([
  ["of a strategy", anyOf("10.0.0.5/32")],
  ["that was asked for", fixedOf("10.0.0.5/32", "10.0.0.5")],
] as const)(
  "an address %s whose sandbox is gone is not taken where the pool keeps it for its pod",
  async ([, claim]) => {
    const world = new AllocatorFixture();
    world.goneContainers = ["c9"];
    world.keeping.seconds.set("lab", 60);
    const pod = { namespace: "shop", name: "db-0", uid: "u9" };
    const dead = await world.put(
      attachedLease("10.0.0.5", { pool: "lab", node: "n1", containerID: "c9", pod, holder: "shop/db-0/net1" }),
    );
    await expect(world.take([claim], {}, [dead])).rejects.toThrow(/is full|is held by pod shop\/db-0/);
    expect(world.store.snapshot()).toEqual([dead]);
  },
);

test("and the pod itself may have it at once", async () => {
  const world = new AllocatorFixture();
  world.goneContainers = ["c9"];
  world.keeping.seconds.set("lab", 60);
  const pod = { namespace: "shop", name: "web-0", uid: "u0" };
  await world.put(
    attachedLease("10.0.0.5", { pool: "lab", node: "n1", containerID: "c9", pod, holder: "shop/web-0/net1" }),
  );
  const [lease] = await world.take([fixedOf("10.0.0.5/32", "10.0.0.5")]);
  expect(lease?.spec.containerID).toBe("c2");
  expect(world.keeping.asked).toEqual([]);
});
