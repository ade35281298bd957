import { expect, test } from "vitest";
import type { HolderState } from "./holder-state.ts";
import { AllocatorFixture, anyOf, fixedOf } from "./testing/allocator-fixture.ts";
import { attachedLease } from "./testing/index.ts";

const HELD = {
  network: "lan",
  containerID: "c9",
  ifName: "net1",
  node: "n2",
  pod: { namespace: "shop", name: "db-0", uid: "u9" },
  holder: "shop/db-0/net1",
  pool: "lab",
};
const FREES = "kubectl delete iplease 10.0.0.7 frees the address";

test.for<readonly [HolderState, string]>([
  [{ pod: "there", node: "Ready" }, ""],
  [{ pod: "unknown", node: "unknown" }, ""],
  [{ pod: "gone", node: "Ready" }, `; that pod is gone: ${FREES}`],
  [{ pod: "gone", node: "NotReady" }, `; that pod is gone and node n2 is NotReady: ${FREES}`],
  [{ pod: "gone", node: "absent" }, `; that pod is gone and node n2 does not exist: ${FREES}`],
  [{ pod: "there", node: "NotReady" }, `; node n2 is NotReady: if the holder runs nowhere any more, ${FREES}`],
  [{ pod: "unknown", node: "absent" }, `; node n2 does not exist: if the holder runs nowhere any more, ${FREES}`],
])("a taken address names its holder, and with %j what speaks against it", async ([state, expected]) => {
  const world = new AllocatorFixture();
  world.holderState = state;
  await world.put(attachedLease("10.0.0.7", HELD));
  await expect(world.take([fixedOf("10.0.0.0/24", "10.0.0.7")])).rejects.toMatchObject({
    code: "address-taken",
    message: `address 10.0.0.7 is held by pod shop/db-0 (interface net1) on node n2${expected}`,
  });
});

test("the lease is named as kubectl knows it", async () => {
  const world = new AllocatorFixture();
  world.holderState = { pod: "gone", node: "Ready" };
  await world.put(attachedLease("fd00::7", HELD));
  const name = "fd00-0000-0000-0000-0000-0000-0000-0007";
  await expect(world.take([fixedOf("fd00::/64", "fd00::7")])).rejects.toThrow(`kubectl delete iplease ${name} frees`);
});

test("two claims of one call for one address are an error, and nothing is left", async () => {
  const world = new AllocatorFixture();
  const claims = [fixedOf("10.0.0.0/24", "10.0.0.7"), fixedOf("10.0.0.0/16", "10.0.0.7"), anyOf("10.0.0.0/24")];
  await expect(world.take(claims)).rejects.toMatchObject({
    code: "bad-config",
    message: expect.stringContaining("address 10.0.0.7 is wanted twice by this call"),
  });
  expect(world.store.snapshot()).toEqual([]);
});
