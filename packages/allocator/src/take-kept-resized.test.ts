import { IpamError } from "@cluster-ipam/errors";
import { describe, expect, test } from "vitest";
import type { Claim } from "./allocation.ts";
import { AllocatorFixture, anyOf } from "./testing/allocator-fixture.ts";
import { FAMILIES } from "./testing/index.ts";
import { releasedLease } from "./testing/kept-leases.ts";

describe.each(FAMILIES)("a kept lease of $family", ({ network }) => {
  const claim: Claim = { ...anyOf(network.subnet), retains: true };

  test("whose subnet was resized is made again, so that the pod has its address in the subnet of today", async () => {
    const world = new AllocatorFixture();
    await world.put(releasedLease(network.at(7), { prefixLength: network.prefixLength + 2, pool: "old" }));
    const [lease] = await world.take([claim]);
    // Held by its node first: an agent may delete no lease that is not of its node.
    expect(world.operations).toEqual(["listByHolder", "replace", "delete", "create"]);
    expect(lease?.spec).toMatchObject({ address: network.at(7), prefixLength: network.prefixLength, pool: "lab" });
    expect(lease?.spec).not.toHaveProperty("releasedAt");
  });

  test("that cannot be made again in its resized subnet is given back as it was kept, and the pod gets another address", async () => {
    const world = new AllocatorFixture();
    const before = await world.put(
      releasedLease(network.at(7), { prefixLength: network.prefixLength + 2, pool: "old" }),
    );
    world.store.faults.failWrites("delete", { kind: "lost" });
    const [lease] = await world.take([claim]);
    expect(lease?.spec.address).not.toBe(network.at(7));
    expect(world.givenBack.map(({ spec }) => spec.address)).toEqual([network.at(7)]);
    expect(world.origins).toEqual([{ kind: "kept", spec: before.spec }]);
  });

  test("and so it is where the server refuses that for good, which fails the call", async () => {
    const world = new AllocatorFixture();
    const before = await world.put(
      releasedLease(network.at(7), { prefixLength: network.prefixLength + 2, pool: "old" }),
    );
    const error = new IpamError("apiserver-refused", "forbidden");
    world.store.faults.failWrites("delete", { kind: "refused", error });
    await expect(world.take([claim])).rejects.toBe(error);
    expect(world.origins).toEqual([{ kind: "kept", spec: before.spec }]);
  });
});
