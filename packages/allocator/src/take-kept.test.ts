import { IpamError } from "@cluster-ipam/errors";
import { describe, expect, test } from "vitest";
import type { Claim } from "./allocation.ts";
import type { Claimant } from "./claimant.ts";
import { AllocatorFixture, anyOf } from "./testing/allocator-fixture.ts";
import { attachedLease, FAMILIES, IPV4, IPV6 } from "./testing/index.ts";
import { releasedLease } from "./testing/kept-leases.ts";
import { rangeSetOf } from "./testing/range-set-of.ts";

/** A claim on a pool that keeps addresses for their pods. */
function kept(subnet: string): Claim {
  return { ...anyOf(subnet), retains: true };
}

test("a dual-stack call takes both of its addresses over by one list", async () => {
  const world = new AllocatorFixture();
  await world.put(releasedLease("10.0.0.7"));
  await world.put(releasedLease("fd00::7"));
  const leases = await world.take([kept(IPV4.network.subnet), kept(IPV6.network.subnet)]);
  expect(leases.map(({ spec }) => spec.address)).toEqual(["10.0.0.7", "fd00::7"]);
  expect(world.operations).toEqual(["listByHolder", "replace", "replace"]);
});

describe.each(FAMILIES)("of $family", ({ network, other }) => {
  test("what the pool has kept for the pod is taken over on any node, by one list and one write", async () => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(network.at(7)));
    const [lease] = await world.take([kept(network.subnet)], { node: "n9" });
    expect(world.operations).toEqual(["listByHolder", "replace"]);
    expect(lease?.metadata).toMatchObject({ name: network.nameAt(7), uid: released.metadata.uid });
    expect(lease?.spec).toMatchObject({
      address: network.at(7),
      prefixLength: network.prefixLength,
      node: "n9",
      containerID: "c2",
      pod: { uid: "u1" },
      holder: "shop/web-0/net1",
    });
    expect(lease?.spec).not.toHaveProperty("releasedAt");
    expect(lease?.spec).not.toHaveProperty("keepSeconds");
  });

  test("two claims of one range share what is kept, and each lease serves one", async () => {
    const world = new AllocatorFixture();
    await world.put(releasedLease(network.at(7)));
    const leases = await world.take([kept(network.subnet), kept(network.subnet)]);
    const addresses = leases.map(({ spec }) => spec.address);
    expect(addresses[0]).toBe(network.at(7));
    expect(new Set(addresses).size).toBe(2);
  });

  test("of several kept addresses the one that was given back last is taken, and the others stay kept", async () => {
    const world = new AllocatorFixture();
    await world.put(releasedLease(network.at(7), { releasedAt: "2026-01-01T00:00:00Z" }));
    await world.put(releasedLease(network.at(8), { releasedAt: "2026-01-03T00:00:00Z" }));
    await world.put(releasedLease(network.at(9), { releasedAt: "2026-01-02T00:00:00Z" }));
    const [lease] = await world.take([kept(network.subnet)]);
    expect(lease?.spec.address).toBe(network.at(8));
    expect(world.store.snapshot().filter(({ spec }) => spec.releasedAt !== undefined)).toHaveLength(2);
  });

  test.for<readonly [string, Parameters<typeof releasedLease>, Partial<Claimant>]>([
    ["of another pod", [network.at(7), { holder: "shop/web-1/net1", pod: { namespace: "shop", name: "web-1" } }], {}],
    ["of the pod's other interface", [network.at(7), { holder: "shop/web-0/net2", ifName: "net2" }], {}],
    ["of another address space", [network.at(7), { addressSpace: "blue" }], {}],
    ["that the pool does not hand out any more", [other.at(7)], {}],
    ["that a call without a pod asks for", [network.at(7)], { pod: undefined }],
  ])("a kept address %s is left, and another one is taken", async ([, lease, who]) => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(...lease));
    const [taken] = await world.take([kept(network.subnet)], who);
    expect(taken?.spec.address).not.toBe(network.at(7));
    expect(world.store.snapshot()).toContainEqual(released);
  });

  test("a call without a pod asks for no list", async () => {
    const world = new AllocatorFixture();
    await world.take([kept(network.subnet)], { pod: undefined });
    expect(world.operations).toEqual(["create"]);
  });

  test("a pool that keeps nothing for pods asks for no list", async () => {
    const world = new AllocatorFixture();
    await world.take([anyOf(network.subnet)]);
    expect(world.operations).toEqual(["create"]);
  });

  test("a lease that the pod still has on another node is left to it", async () => {
    const world = new AllocatorFixture();
    const attached = await world.put(attachedLease(network.at(7), { holder: "shop/web-0/net1", node: "n2" }));
    const [lease] = await world.take([kept(network.subnet)]);
    expect(lease?.spec.address).not.toBe(network.at(7));
    expect(world.store.snapshot()).toContainEqual(attached);
  });

  test("what an earlier pod of the name has left on this node, without a DEL, is taken over once its sandbox is gone", async () => {
    const world = new AllocatorFixture();
    world.goneContainers = ["c1"];
    const pod = { namespace: "shop", name: "web-0", uid: "u0" };
    await world.put(attachedLease(network.at(7), { holder: "shop/web-0/net1", node: "n1", containerID: "c1", pod }));
    const [lease] = await world.take([kept(network.subnet)]);
    expect(lease?.spec).toMatchObject({ address: network.at(7), containerID: "c2" });
    expect(world.operations).toEqual(["listByHolder", "replace"]);
  });

  test("a lease that is taken over keeps its pool, and has the gateway of today", async () => {
    const world = new AllocatorFixture();
    await world.put(releasedLease(network.at(7), { pool: "old", gateway: network.at(1) }));
    const [lease] = await world.take([
      { ...kept(network.subnet), set: rangeSetOf(network.subnet, { gateway: network.at(254) }) },
    ]);
    expect(lease?.spec).toMatchObject({ pool: "old", gateway: network.at(254) });
  });

  test("of two agents that take the same kept lease one wins, and the other gets another address", async () => {
    const world = new AllocatorFixture();
    await world.put(releasedLease(network.at(7)));
    const leases = await Promise.all([
      world.take([kept(network.subnet)], { node: "n1", containerID: "c2" }),
      world.take([kept(network.subnet)], { node: "n2", containerID: "c3" }),
    ]);
    const addresses = leases.flat().map(({ spec }) => spec.address);
    expect(addresses.filter((address) => address === network.at(7))).toHaveLength(1);
    expect(new Set(addresses).size).toBe(2);
  });

  test("a take-over whose answer was lost is found to have happened", async () => {
    const world = new AllocatorFixture();
    await world.put(releasedLease(network.at(7)));
    world.store.faults.failWrites("replace", { kind: "answer-lost" });
    const [lease] = await world.take([kept(network.subnet)]);
    expect(lease?.spec).toMatchObject({ address: network.at(7), containerID: "c2" });
    expect(world.store.snapshot()).toEqual([lease]);
  });

  test("a kept lease whose time ends while it is taken over costs the address, and no more", async () => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(network.at(7)));
    const gate = Promise.withResolvers<void>();
    world.store.faults.failWrites("replace", { kind: "held", until: gate.promise });
    const taking = world.take([kept(network.subnet)]);
    await world.begun("replace");
    await world.remove(released);
    gate.resolve();
    const [lease] = await taking;
    expect(world.store.snapshot()).toEqual([lease]);
  });

  test("a kept lease into which what is left of its time is written meanwhile is taken over all the same", async () => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(network.at(7), { keepSeconds: 7200 }));
    const gate = Promise.withResolvers<void>();
    world.store.faults.failWrites("replace", { kind: "held", until: gate.promise });
    const taking = world.take([kept(network.subnet)]);
    await world.begun("replace");
    const written = await world.store.replace({ ...released, spec: { ...released.spec, keepSeconds: 3600 } });
    expect(written.kind).toBe("replaced");
    gate.resolve();
    const [lease] = await taking;
    expect(lease?.spec).toMatchObject({ address: network.at(7), containerID: "c2" });
    expect(world.store.snapshot()).toEqual([lease]);
  });

  test("what was kept is given back as what it was when the call fails", async () => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(network.at(7)));
    const refused = new IpamError("apiserver-refused", "no more leases");
    world.store.faults.failWrites("create", { kind: "refused", error: refused });
    await expect(world.take([kept(network.subnet), anyOf(other.subnet)])).rejects.toBe(refused);
    expect(world.origins).toEqual([{ kind: "kept", spec: released.spec }]);
  });

  test("what may have been taken over when time runs out is looked for, as what it was", async () => {
    const world = new AllocatorFixture();
    const released = await world.put(releasedLease(network.at(7)));
    world.store.faults.failWrites("replace", { kind: "lost" });
    const ended = new IpamError("agent-unreachable", "time is up");
    const gate = Promise.withResolvers<void>();
    world.store.faults.failWrites("replace", { kind: "held", until: gate.promise });
    const taking = world.take([kept(network.subnet)]);
    await world.begun("replace");
    world.controller.abort(ended);
    gate.resolve();
    await expect(taking).rejects.toMatchObject({ code: "agent-unreachable" });
    const origins = [...world.origins, ...world.recheckedOrigins];
    expect(origins).toEqual([{ kind: "kept", spec: released.spec }]);
  });
});
