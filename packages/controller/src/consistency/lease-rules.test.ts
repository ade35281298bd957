import { blockOf } from "@cluster-ipam/allocator/testing";
import { leaseName } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { beforeEach, describe, expect, test } from "vitest";
import { CheckWorld } from "../testing/check-world.ts";
import { poolOf } from "../testing/facts.ts";
import { CHECK_LIMITS } from "./consistency-check.ts";

let world: CheckWorld;

beforeEach(() => {
  world = new CheckWorld();
  world.pool(poolOf({ name: "lab" }, [{ subnet: "10.0.0.0/24" }, { subnet: "fd00::/64" }]));
});

function nameOf(address: string): string {
  const parsed = parseAddress(address);
  return parsed === undefined ? address : leaseName(parsed, "");
}

const other = { holder: "default/db-0/net1", node: "n2" };

test("a cluster in which all is well has no finding, and nothing waits", async () => {
  world.lease("10.0.0.5");
  world.lease("fd00::5", other);
  world.lease("10.0.0.5", { addressSpace: "blue", pool: "blue" });
  world.lease("10.0.0.9", { pool: "" });
  world.lease("10.0.0.9", { pool: "", addressSpace: "blue" });
  world.block(blockOf("10.0.1.0/28"));
  expect(await world.findings()).toEqual([]);
  expect(world.clock.nowMs()).toBe(0);
});

describe.each([
  ["10.0.0.5", "10.0.0.77"],
  ["fd00::5", "fd00-0000-0000-0000-0000-0000-0000-0077"],
])("a lease of %s that is called %s", (address, name) => {
  test("is found with the lease of that address", async () => {
    world.lease(address);
    world.lease(address, other, { name });
    const [finding, ...others] = await world.findings();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      kind: "duplicate-address",
      about: { address, addressSpace: "", pool: "lab", lease: name, pod: "default/db-0", node: "n2" },
      regarding: { kind: "IPLease", name, uid: `u-${name}` },
    });
    expect(finding?.message).toContain(
      `${address} has 2 leases, lease ${nameOf(address)} of pool lab (pod default/web-0 on node n1) and lease ${name} of ` +
        "pool lab (pod default/db-0 on node n2), and may be in use twice",
    );
    expect(finding?.message).toContain(`then the lease that is not called ${nameOf(address)}`);
  });

  test("is found with another one, where neither has the right name", async () => {
    world.lease(address, {}, { name: `x${name}` });
    world.lease(address, other, { name });
    expect(await world.findings()).toMatchObject([{ kind: "duplicate-address" }]);
  });

  test("alone is found, since nothing keeps its address from others", async () => {
    world.lease(address, other, { name });
    const [finding, ...others] = await world.findings();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind: "misnamed-lease", about: { address, lease: name, pod: "default/db-0" } });
    expect(finding?.message).toContain(`is of ${address}, whose lease must be called ${nameOf(address)}`);
  });

  test("is not found when it has gone while the check waited", async () => {
    world.lease(address);
    world.lease(address, other, { name });
    void world.clock.sleep(CHECK_LIMITS.settleMs / 2).then(() => world.unsee(name));
    expect(await world.findings()).toEqual([]);
  });

  test("and one of the same address in another space are two addresses", async () => {
    world.lease(address, { addressSpace: "blue", pool: "blue" });
    world.lease(address, other, { name });
    expect(await world.findings()).toMatchObject([{ kind: "misnamed-lease" }]);
  });
});

test("two leases that bear each other's name are two findings, and no duplicate", async () => {
  world.lease("10.0.0.5", {}, { name: "10.0.0.6" });
  world.lease("10.0.0.6", other, { name: "10.0.0.5" });
  expect((await world.findings()).map(({ kind, about }) => `${kind} ${about.lease}`).toSorted()).toEqual([
    "misnamed-lease 10.0.0.5",
    "misnamed-lease 10.0.0.6",
  ]);
});

describe("leases of one pool in two address spaces", () => {
  test.each([["10.0.0.5"], ["fd00::5"]])(
    "are one finding, about the space that the pool is not in: %s",
    async (address) => {
      world.lease("10.0.0.1", { addressSpace: "blue" });
      world.lease("10.0.0.2", { addressSpace: "blue" });
      world.lease(address, other);
      const [finding, ...others] = await world.findings();
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        kind: "pool-in-two-spaces",
        about: { pool: "lab", addressSpace: "blue", lease: "blue.10.0.0.1", pod: "default/web-0" },
        regarding: { kind: "IPLease", name: "blue.10.0.0.1" },
      });
      expect(finding?.message).toContain(
        `leases of pool lab lie in 2 address spaces (1 in the default space, such as ${nameOf(address)} (pod default/db-0 ` +
          "on node n2); 2 in space blue, such as blue.10.0.0.1 (pod default/web-0 on node n1))",
      );
    },
  );

  test("are found about the rarer space where the pool is gone", async () => {
    world.lease("10.0.0.1", { addressSpace: "blue", pool: "gone" });
    world.lease("10.0.0.2", { addressSpace: "red", pool: "gone" });
    world.lease("10.0.0.3", { addressSpace: "red", pool: "gone" });
    expect(await world.findings()).toMatchObject([{ kind: "pool-in-two-spaces", about: { addressSpace: "blue" } }]);
  });

  test("are not found when the last of the one has gone while the check waited", async () => {
    world.lease("10.0.0.1", { addressSpace: "blue" });
    world.lease("10.0.0.2");
    void world.clock.sleep(CHECK_LIMITS.settleMs / 2).then(() => world.unsee("blue.10.0.0.1"));
    expect(await world.findings()).toEqual([]);
  });
});

describe("finalizers", () => {
  const finalizers = ["example.com/a", "example.com/b"];
  const deletionTimestamp = "2026-01-02T03:04:05Z";

  test.each([["10.0.0.5"], ["fd00::5"]])("of the lease of %s are found, deleted ones first", async (address) => {
    world.lease("10.0.0.1", {}, { finalizers });
    world.lease(address, other, { finalizers, deletionTimestamp });
    const [ending, kept, ...others] = await world.findings();
    expect(others).toEqual([]);
    expect(ending).toMatchObject({ kind: "foreign-finalizer", about: { address, lease: nameOf(address), node: "n2" } });
    expect(ending?.message).toContain(
      `lease ${nameOf(address)} of pool lab is deleted and kept by finalizer example.com/a, example.com/b: ${address} is ` +
        "given to nobody until it goes",
    );
    expect(ending?.message).toContain(
      `kubectl patch iplease ${nameOf(address)} --type=merge -p '{"metadata":{"finalizers":null}}'`,
    );
    expect(kept?.message).toContain("bears finalizer example.com/a, example.com/b: once it is deleted");
  });

  test.each([["10.0.1.0/28"], ["fd00::10/124"]])("of block %s are found", async (prefix) => {
    world.block(blockOf(prefix), { uid: "b1", finalizers, deletionTimestamp });
    const [finding] = await world.findings();
    const { name } = blockOf(prefix).metadata;
    expect(finding).toMatchObject({
      kind: "foreign-finalizer",
      about: { address: prefix, block: name, pool: "lab", node: "n1" },
      regarding: { kind: "IPBlock", name, uid: "b1" },
    });
    expect(finding?.message).toContain(`kubectl patch ipblock ${name} `);
  });

  test("that come while the check waits are left to the next one", async () => {
    world.lease("10.0.0.1", {}, { finalizers });
    void world.clock.sleep(CHECK_LIMITS.settleMs / 2).then(() => world.lease("10.0.0.2", {}, { finalizers }));
    expect((await world.findings()).map(({ about }) => about.address)).toEqual(["10.0.0.1"]);
    expect(await world.findings()).toHaveLength(2);
  });

  test("that are gone ten seconds later are none", async () => {
    world.lease("10.0.0.5", {}, { finalizers: ["foregroundDeletion"], deletionTimestamp });
    void world.clock.sleep(CHECK_LIMITS.settleMs / 2).then(() => world.unsee("10.0.0.5"));
    expect(await world.findings()).toEqual([]);
  });
});
