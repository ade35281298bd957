import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { never, written } from "../testing/agent-world.ts";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.5", "10.0.0.5/24"],
  ["IPv6", "fd00::5", "FD00:0:0::5/64"],
] as const;
const BOTH = [{ address: "10.0.0.5/24" }, { address: "fd00::5/64" }];

let world: MemoryWorld;

beforeEach(() => {
  world = memoryWorld();
});

/** The node as an agent finds it that starts with these leases on the server. */
async function startWith(...leases: readonly IPLease[]): Promise<void> {
  for (const lease of leases) await written(world.leases, lease);
  await world.load();
  world.leases.faults.calls.length = 0;
}

function prevResult(ips: readonly object[]): CallFixture {
  return { config: { prevResult: { cniVersion: "1.1.0", ips } } };
}

function operations(): string[] {
  return world.leases.faults.calls.splice(0).map(({ operation }) => operation);
}

async function expectGood(call: CallFixture): Promise<void> {
  await expect(world.check(call)).resolves.toBeUndefined();
}

async function expectFailure(call: CallFixture, code: string, ...fragments: readonly string[]): Promise<void> {
  const error = await world.check(call).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code });
  for (const fragment of fragments) expect((error as IpamError).message).toContain(fragment);
}

async function deleteByHand(address: string): Promise<void> {
  const lease = world.leases.snapshot().find(({ spec }) => spec.address === address);
  if (lease === undefined) throw new Error(`there is no lease of ${address}`);
  const { name, uid = "", resourceVersion = "" } = lease.metadata;
  await world.leases.delete({ name, uid, resourceVersion });
}

describe.each(FAMILIES)("CHECK of an attachment with an %s lease", (_, address, spelling) => {
  test("is good when prevResult holds its address, in any spelling, and reads it live", async () => {
    await startWith(leaseOf(address));
    await expectGood(prevResult([{ address: spelling }]));
    expect(operations()).toEqual(["get"]);
  });

  test("is good when prevResult holds addresses of other plugins too", async () => {
    await startWith(leaseOf(address));
    await expectGood(prevResult([{ address: "192.0.2.1/32" }, { address: spelling }]));
  });

  test("fails when the lease is gone, and names the address", async () => {
    await startWith(leaseOf(address));
    await deleteByHand(address);
    await expectFailure(prevResult([{ address: spelling }]), "check-failed", `nobody has a lease for ${address}`);
  });

  test("fails when another pod has the lease, and names address and holder", async () => {
    await startWith(leaseOf(address));
    await deleteByHand(address);
    const pod = { namespace: "shop", name: "db-0", uid: "u" };
    await written(world.leases, leaseOf(address, { node: "n2", containerID: "c9", pod }));
    const holder = `${address} is held by pod shop/db-0 (interface net1) on node n2`;
    await expectFailure(prevResult([{ address: spelling }]), "check-failed", holder);
  });

  test.each([
    ["interface", { ifName: "net2" }],
    ["container", { containerID: "c9" }],
    ["network", { network: "wan" }],
    ["node", { node: "n2" }],
  ])("fails when the lease is of another %s by now", async (_what, spec) => {
    await startWith(leaseOf(address));
    await deleteByHand(address);
    await written(world.leases, leaseOf(address, spec));
    await expectFailure(prevResult([{ address: spelling }]), "check-failed", address);
  });

  test("fails when prevResult does not hold the address", async () => {
    await startWith(leaseOf(address));
    await expectFailure(
      prevResult([{ address: "192.0.2.1/24" }]),
      "check-failed",
      `prevResult does not hold ${address}`,
    );
    await expectFailure(prevResult([]), "check-failed", `prevResult does not hold ${address}`);
  });

  test("that memory does not know of costs one list, and is good", async () => {
    await startWith();
    await written(world.leases, leaseOf(address));
    operations();
    await expectGood(prevResult([{ address: spelling }]));
    expect(operations()).toEqual(["listByNode"]);
  });
});

describe("CHECK of an attachment with two leases", () => {
  test("is good when both are there", async () => {
    await startWith(leaseOf("10.0.0.5"), leaseOf("fd00::5"));
    await expectGood(prevResult(BOTH));
  });

  test.each(["10.0.0.5", "fd00::5"])("fails when the one of %s is gone", async (address) => {
    await startWith(leaseOf("10.0.0.5"), leaseOf("fd00::5"));
    await deleteByHand(address);
    await expectFailure(prevResult(BOTH), "check-failed", `nobody has a lease for ${address}`);
  });

  test.each(["10.0.0.5", "fd00::5"])("fails when prevResult lacks %s", async (address) => {
    await startWith(leaseOf("10.0.0.5"), leaseOf("fd00::5"));
    const others = BOTH.filter((ip) => !ip.address.startsWith(address));
    await expectFailure(prevResult(others), "check-failed", `prevResult does not hold ${address}`);
  });
});

describe("CHECK of an attachment without a lease", () => {
  test("names each address of prevResult and who has it", async () => {
    await startWith(leaseOf("10.0.0.5", { containerID: "c9", pod: { namespace: "shop", name: "db-0", uid: "u" } }));
    const sentences = [
      "this attachment has no lease",
      "10.0.0.5 is held by pod shop/db-0",
      "nobody has a lease for fd00::5",
    ];
    await expectFailure(prevResult(BOTH), "check-failed", ...sentences);
  });

  test("looks in the address space of the ipam section", async () => {
    await startWith(leaseOf("10.0.0.5", { containerID: "c9", addressSpace: "blue" }));
    const call = { ...prevResult([{ address: "10.0.0.5/24" }]), ipam: { subnet: "10.0.0.0/24", addressSpace: "blue" } };
    await expectFailure(call, "check-failed", "10.0.0.5 is held by");
  });

  test.each([
    ["a whereabouts section", { range: "10.0.0.0/24", network_name: "blue" }],
    ["the pool that it names", { pool: "tenant" }],
    ["the pool of the network", {}],
  ])("looks in the address space of %s", async (_, ipam) => {
    for (const name of ["lan", "tenant"]) world.pools.put(poolOf(name, ["10.0.0.0/24"], { addressSpace: "blue" }));
    await startWith(leaseOf("10.0.0.5", { containerID: "c9", addressSpace: "blue" }));
    await expectFailure({ ...prevResult([{ address: "10.0.0.5/24" }]), ipam }, "check-failed", "10.0.0.5 is held by");
  });

  test.each([
    ["cannot be read", { colour: "blue" }],
    ["names a pool that is gone", { pool: "gone" }],
  ])("looks in the default space where the section %s", async (_, ipam) => {
    await startWith(leaseOf("10.0.0.5", { containerID: "c9" }));
    await expectFailure({ ...prevResult([{ address: "10.0.0.5/24" }]), ipam }, "check-failed", "10.0.0.5 is held by");
  });

  test("fails with the code of a failed check also where prevResult holds what is no address", async () => {
    await startWith();
    await expectFailure(prevResult([{ address: "ten" }]), "check-failed", "ten");
  });
});

test("CHECK without prevResult is an error of the configuration", async () => {
  await startWith(leaseOf("10.0.0.5"));
  await expectFailure({}, "bad-config", "prevResult is absent");
});

test("CHECK of what an ADD has answered is good, in the form of its version", async () => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  await world.load();
  const { ips } = await world.add();
  await expectGood(prevResult(ips));
  const old = {
    cniVersion: "0.4.0",
    config: { prevResult: { ips: ips.map(({ address, family }) => ({ version: String(family), address })) } },
  };
  await expectGood(old);
});

test("CHECK gives up at its deadline though another call's list goes on", async () => {
  await startWith();
  world.leases.faults.goAway();
  const other = world.agent.nodeLeases.since(world.agent.clock.nowMs(), never());
  const deadline = new AbortController();
  const reason = new IpamError("apiserver-unreachable", "too late");
  const checking = world.check(prevResult(BOTH), deadline.signal);
  await world.clock.advance(0);
  deadline.abort(reason);
  await expect(checking).rejects.toBe(reason);
  world.leases.faults.comeBack();
  await other;
});
