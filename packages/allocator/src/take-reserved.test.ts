import { describe, expect, test } from "vitest";
import { AllocatorFixture, anyOf, fixedOf } from "./testing/allocator-fixture.ts";
import { attachedLease, FAMILIES } from "./testing/index.ts";
import { reservation } from "./testing/kept-leases.ts";

const FOR = { reason: "printer", for: { namespace: "shop", name: "web-0" } } as const;

describe.each(FAMILIES)("of $family", ({ network }) => {
  test("the pod that an address is reserved for takes it when it asks, and the reservation stays", async () => {
    const world = new AllocatorFixture();
    const reserved = await world.put(reservation(network.at(7)));
    const [lease] = await world.take([fixedOf(network.subnet, network.at(7))], { node: "n9" });
    expect(world.operations).toEqual(["create", "get", "replace"]);
    expect(lease?.metadata.uid).toBe(reserved.metadata.uid);
    expect(lease?.spec).toMatchObject({
      address: network.at(7),
      node: "n9",
      containerID: "c2",
      holder: "shop/web-0/net1",
      reserved: FOR,
    });
  });

  test.for([
    ["nobody", null, "a reservation (printer)"],
    ["another pod", { namespace: "shop", name: "db-0" }, "a reservation for pod shop/db-0 (printer)"],
    ["a pod of that name elsewhere", { namespace: "lab", name: "web-0" }, "a reservation for pod lab/web-0 (printer)"],
  ] as const)("an address that is reserved for %s is refused with the reason", async ([, forPod, says]) => {
    const world = new AllocatorFixture();
    const reserved = await world.put(reservation(network.at(7), forPod));
    await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({
      code: "address-taken",
      message: `address ${network.at(7)} is held by ${says}: kubectl delete iplease ${network.nameAt(7)} frees it`,
    });
    expect(world.store.snapshot()).toEqual([reserved]);
  });

  test("whoever is told how to free a reserved address from its gone pod is told that this ends the reservation", async () => {
    const world = new AllocatorFixture();
    world.holderState = { pod: "gone", node: "NotReady" };
    await world.put(
      attachedLease(network.at(7), {
        node: "n2",
        pod: { ...FOR.for, uid: "u9" },
        holder: "shop/web-0/net1",
        reserved: FOR,
      }),
    );
    await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({
      code: "address-taken",
      message: expect.stringMatching(
        new RegExp(
          `kubectl delete iplease ${network.nameAt(7)} frees the address and ends its reservation \\(printer\\)$`,
        ),
      ),
    });
  });

  test("a call without a pod does not get what is reserved for one", async () => {
    const world = new AllocatorFixture();
    await world.put(reservation(network.at(7)));
    const taking = world.take([fixedOf(network.subnet, network.at(7))], { pod: undefined });
    await expect(taking).rejects.toMatchObject({ code: "address-taken" });
  });

  test.for([
    ["Spread", network.part(2, 4)],
    ["Sequential", network.part(2, 4)],
  ] as const)("strategy %s gives a reserved address to nobody, not even to its pod", async ([strategy, subnet]) => {
    const world = new AllocatorFixture();
    await world.put(reservation(network.at(4)));
    world.overlapping = ["lab", ""];
    const [lease] = await world.take([anyOf(subnet, strategy)]);
    expect(lease?.spec.address).toBe(network.at(5));
    await expect(world.take([anyOf(subnet, strategy)], { containerID: "c3" })).rejects.toMatchObject({
      code: "pool-exhausted",
    });
  });

  test("a reservation with another prefix length than the subnet's is an error that names both, and stays", async () => {
    const world = new AllocatorFixture();
    const reserved = await world.put(reservation(network.at(7), undefined, { prefixLength: 32 }));
    await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({
      code: "bad-config",
      message:
        `address ${network.at(7)} is reserved (printer) with prefixLength 32, and the subnet of pool lab has it as a ` +
        `/${network.prefixLength}: delete the reservation (kubectl delete iplease ${network.nameAt(7)}) and make it ` +
        `again with prefixLength ${network.prefixLength}`,
    });
    expect(world.store.snapshot()).toEqual([reserved]);
  });

  describe("a reservation that an earlier sandbox of its pod has, with a prefix length of before an edit,", () => {
    const held = attachedLease(network.at(7), {
      reserved: FOR,
      pod: { ...FOR.for, uid: "old" },
      holder: "shop/web-0/net1",
      node: "n1",
      containerID: "c1",
      prefixLength: 16,
    });

    test("is never deleted to be made again, not for a lost answer either: its pod is told what to do", async () => {
      const world = new AllocatorFixture();
      world.goneContainers = ["c1"];
      const reserved = await world.put(held);
      world.store.faults.failWrites("delete", { kind: "answer-lost" });
      await expect(world.take([fixedOf(network.subnet, network.at(7))], {}, [reserved])).rejects.toMatchObject({
        code: "bad-config",
        message: expect.stringContaining(
          `with prefixLength 16, and the subnet of pool lab has it as a /${network.prefixLength}`,
        ),
      });
      expect(world.store.snapshot()).toEqual([reserved]);
    });

    test("is refused with who has it while that sandbox lives on another node", async () => {
      const world = new AllocatorFixture();
      await world.put({ ...held, spec: { ...held.spec, node: "n2" } });
      await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({
        code: "address-taken",
      });
    });

    test("is left to whom it is reserved for, when the pod does not ask for it", async () => {
      const world = new AllocatorFixture();
      world.goneContainers = ["c1"];
      const reserved = await world.put(held);
      const claim = { ...anyOf(network.subnet), retains: true };
      const [lease] = await world.take([claim], { pod: { ...FOR.for, uid: "old" } }, [reserved]);
      expect(lease?.spec.address).not.toBe(network.at(7));
      expect(world.store.snapshot()).toContainEqual(reserved);
    });
  });

  test("another pod's reservation says nothing of its prefix length: it is taken", async () => {
    const world = new AllocatorFixture();
    await world.put(reservation(network.at(7), { namespace: "shop", name: "db-0" }, { prefixLength: 32 }));
    await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({ code: "address-taken" });
  });

  test("its pod has it: another sandbox of the pod on another node is refused with who has it", async () => {
    const world = new AllocatorFixture();
    await world.put(
      attachedLease(network.at(7), {
        reserved: FOR,
        pod: { namespace: "shop", name: "web-0", uid: "u1" },
        holder: "shop/web-0/net1",
        node: "n2",
      }),
    );
    await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({
      code: "address-taken",
      message: `address ${network.at(7)} is held by pod shop/web-0 (interface net1) on node n2`,
    });
  });

  test.for([
    ["the pod itself", { namespace: "shop", name: "web-0", uid: "new" }, undefined],
    ["another pod", { namespace: "shop", name: "db-0", uid: "new" }, "address-taken"],
  ] as const)("a reserved address whose sandbox is gone goes to %s: %s", async ([, pod, code]) => {
    const world = new AllocatorFixture();
    world.goneContainers = ["c1"];
    const old = { namespace: "shop", name: "web-0", uid: "old" };
    await world.put(
      attachedLease(network.at(7), {
        reserved: FOR,
        pod: old,
        holder: "shop/web-0/net1",
        node: "n1",
        containerID: "c1",
      }),
    );
    const taking = world.take([fixedOf(network.subnet, network.at(7))], { pod });
    if (code === undefined) expect((await taking)[0]?.spec).toMatchObject({ containerID: "c2", reserved: FOR });
    else await expect(taking).rejects.toMatchObject({ code });
  });
});

test("a reservation that was taken for a call that fails is given back", async () => {
  const world = new AllocatorFixture();
  await world.put(reservation("10.0.0.7"));
  await world.put(reservation("fd00::7", null));
  await expect(world.take([fixedOf("10.0.0.0/24", "10.0.0.7"), fixedOf("fd00::/64", "fd00::7")])).rejects.toMatchObject(
    { code: "address-taken" },
  );
  expect(world.givenBack.map(({ spec }) => [spec.address, spec.reserved])).toEqual([["10.0.0.7", FOR]]);
});
