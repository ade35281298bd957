import { describe, expect, test } from "vitest";
import { AllocatorFixture, anyOf, fixedOf } from "./testing/allocator-fixture.ts";
import { attachedLease, FAMILIES } from "./testing/index.ts";
import { coolingLease, releasedLease } from "./testing/kept-leases.ts";

describe.each(FAMILIES)("of $family", ({ network }) => {
  test.for([
    ["kept", releasedLease(network.at(7))],
    ["cooling down", releasedLease(network.at(7), { keepSeconds: 5 })],
  ] as const)("that is %s for the pod is taken over", async ([, released]) => {
    const world = new AllocatorFixture();
    await world.put(released);
    const [lease] = await world.take([fixedOf(network.subnet, network.at(7))], { node: "n9" });
    expect(lease?.spec).toMatchObject({ address: network.at(7), node: "n9" });
    expect(world.operations).toEqual(["create", "get", "replace"]);
  });

  test.for([
    [
      releasedLease(network.at(7), { holder: "shop/db-0/net1", pod: { namespace: "shop", name: "db-0" } }),
      "nobody, but kept for pod shop/db-0 (interface net1) since 2026-01-02T03:04:05Z",
    ],
    [coolingLease(network.at(7)), "nobody, but cooling down since 2026-01-02T03:04:05Z"],
  ] as const)("that is not for the pod is refused: %#", async ([released, says]) => {
    const world = new AllocatorFixture();
    const before = await world.put(released);
    await expect(world.take([fixedOf(network.subnet, network.at(7))])).rejects.toMatchObject({
      code: "address-taken",
      message: `address ${network.at(7)} is held by ${says}: kubectl delete iplease ${network.nameAt(7)} frees it`,
    });
    expect(world.store.snapshot()).toEqual([before]);
  });

  test.for([
    ["of a strategy", anyOf(network.part(1, 5))],
    ["that was asked for", fixedOf(network.part(1, 5), network.at(5))],
  ] as const)(
    "an address %s whose sandbox is gone is not taken where the pool keeps it for its pod",
    async ([, claim]) => {
      const world = new AllocatorFixture();
      world.goneContainers = ["c9"];
      world.keeping.seconds.set("lab", 60);
      const pod = { namespace: "shop", name: "db-0", uid: "u9" };
      const dead = await world.put(
        attachedLease(network.at(5), { pool: "lab", node: "n1", containerID: "c9", pod, holder: "shop/db-0/net1" }),
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
      attachedLease(network.at(5), { pool: "lab", node: "n1", containerID: "c9", pod, holder: "shop/web-0/net1" }),
    );
    const [lease] = await world.take([fixedOf(network.part(1, 5), network.at(5))]);
    expect(lease?.spec.containerID).toBe("c2");
    expect(world.keeping.asked).toEqual([]);
  });
});
