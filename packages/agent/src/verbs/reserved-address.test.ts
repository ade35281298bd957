import type { IPLease, IPLeaseSpec, IPPoolSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { never, written } from "../testing/agent-world.ts";
import type { CallFixture } from "../testing/cni-calls.ts";
import { KeepingCluster } from "../testing/keeping-cluster.ts";
import type { MemoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const FOR = { reason: "license server", for: { namespace: "shop", name: "web-0" } } as const;

/** A reservation of `address`, as a hand makes it. */
function reservation(address: string, spec: Partial<IPLeaseSpec> = {}): IPLease {
  const nobody = { pool: "", network: "", node: "", containerID: "", ifName: "", holder: "", reserved: FOR };
  const { pod: _, ...rest } = leaseOf(address, { ...nobody, ...spec }).spec;
  return { ...leaseOf(address), spec: rest };
}

function asking(address: string, call: CallFixture = {}): CallFixture {
  return { config: { runtimeConfig: { ips: [address] } }, ...call };
}

let cluster: KeepingCluster;
let n1: MemoryWorld;
let n2: MemoryWorld;

beforeEach(async () => {
  cluster = new KeepingCluster();
  cluster.putPool({ coolDownSeconds: 30 }, ["10.0.0.0/24", "fd00::/64"]);
  [n1, n2] = [await cluster.startAgent("n1"), await cluster.startAgent("n2")];
});

/** The one reservation that there is, as the server has it, and nothing of its last holder. */
function expectReservation(lease: IPLease): void {
  expect(cluster.onlyLease()).toEqual(lease.spec);
}

/** The call's address of the other family is refused. @returns with what */
function refuseSecondCreate(): IpamError {
  const error = new IpamError("apiserver-refused", "no more leases");
  cluster.leases.faults.failWrites("create", { kind: "held", until: Promise.resolve() }, { kind: "refused", error });
  return error;
}

describe.each([["10.0.0.5"], ["fd00::5"]] as const)("a reservation of %s for a pod", (address) => {
  let reserved: IPLease;

  beforeEach(async () => {
    cluster.putPool({ coolDownSeconds: 30 }, [address.includes(":") ? "fd00::/64" : "10.0.0.0/24"]);
    reserved = await written(cluster.leases, reservation(address));
    cluster.takeCalls();
  });

  test("is taken by that pod with one PUT, on any node, and given back by its DEL with another", async () => {
    expect(await n2.addOne(asking(address, { pod: { namespace: "shop", name: "web-0", uid: "any" } }))).toBe(address);
    expect(cluster.takeCalls()).toEqual(["create", "get", "replace"]);
    expect(cluster.onlyLease()).toMatchObject({ reserved: FOR, node: "n2", holder: "shop/web-0/net1", pool: "" });
    await n2.del(asking(address));
    expect(cluster.takeCalls()).toEqual(["replace"]);
    expectReservation(reserved);
  });

  test("is taken again by another sandbox of the pod, whose late DEL of the old one changes nothing", async () => {
    await n1.add(asking(address));
    await n1.add(asking(address, { containerId: "c2" }));
    await n1.del(asking(address));
    expect(cluster.onlyLease()).toMatchObject({ reserved: FOR, containerID: "c2" });
    await n1.del(asking(address, { containerId: "c2" }));
    expectReservation(reserved);
  });

  test("answers the pod's ADD again when that is repeated, and stays reserved", async () => {
    await n1.add(asking(address));
    expect(await n1.addOne(asking(address))).toBe(address);
    expect(cluster.onlyLease()).toMatchObject({ reserved: FOR, containerID: "c1" });
  });

  test("is given back by the next agent after a DEL while the API server was away", async () => {
    await n1.add(asking(address));
    n1.circuit.open();
    await n1.del(asking(address));
    const fresh = await cluster.startAgent("n1", n1.spool);
    fresh.agent.spooled.look();
    await settlePending(never(), fresh.agent);
    expectReservation(reserved);
  });

  test("is given back by GC", async () => {
    await n1.add(asking(address));
    n1.sandboxes.end("/run/netns/c1");
    await n1.gc({ config: { "cni.dev/valid-attachments": [] } });
    expectReservation(reserved);
  });

  test("is refused to another pod, with the reason, also after its own pod's sandbox has died", async () => {
    await n1.add(asking(address));
    n1.sandboxes.end("/run/netns/c1");
    const other = asking(address, { containerId: "c9", pod: { namespace: "shop", name: "db-0", uid: "uid-db" } });
    await expect(n1.add(other)).rejects.toMatchObject({ code: "address-taken" });
    await n1.gc({ config: { "cni.dev/valid-attachments": [] } });
    await expect(n1.add(other)).rejects.toThrow(`a reservation for pod shop/web-0 (${FOR.reason})`);
  });

  test("has what a hand put beside it when it is given back", async () => {
    const [lease] = cluster.leases.snapshot();
    if (lease === undefined) throw new Error("there is no lease");
    await cluster.leases.replace({ ...lease, metadata: { ...lease.metadata, labels: { "managed-by": "helm" } } });
    await n1.add(asking(address));
    await n1.del(asking(address));
    expect(cluster.leases.snapshot()[0]?.metadata.labels).toEqual({ "managed-by": "helm" });
  });
});

test("a call that fails gives the reservation back, and not to a cool-down", async () => {
  const reserved = await written(cluster.leases, reservation("10.0.0.5"));
  const refused = refuseSecondCreate();
  await expect(n1.add(asking("10.0.0.5"))).rejects.toBe(refused);
  expectReservation(reserved);
});

test("a call whose undo is lost has it given back by the next round", async () => {
  const reserved = await written(cluster.leases, reservation("10.0.0.5"));
  refuseSecondCreate();
  cluster.leases.faults.failWrites("replace", { kind: "held", until: Promise.resolve() }, { kind: "lost" });
  await expect(n1.add(asking("10.0.0.5"))).rejects.toMatchObject({ code: "apiserver-refused" });
  expect(cluster.onlyLease()).toMatchObject({ node: "n1" });
  await settlePending(never(), n1.agent);
  expectReservation(reserved);
});

test("strategy Index takes the reservation of the pod's own address", async () => {
  cluster.putPool({ strategy: "Index" }, ["10.0.0.8/29"]);
  const reserved = await written(cluster.leases, reservation("10.0.0.9", { prefixLength: 29, pool: "lan" }));
  expect(await n1.addOne()).toBe("10.0.0.9");
  await n1.del();
  expectReservation(reserved);
});

test("a static address of the ipam section takes its reservation, and not one of another prefix length", async () => {
  const reserved = await written(cluster.leases, reservation("192.0.2.7"));
  const ipam = { type: "cluster-ipam", addresses: [{ address: "192.0.2.7/24" }] };
  expect(await n1.addOne({ network: "static", ipam })).toBe("192.0.2.7");
  await n1.del({ network: "static", ipam });
  expectReservation(reserved);
  const other = { type: "cluster-ipam", addresses: [{ address: "192.0.2.7/26" }] };
  await expect(n1.add({ network: "static", ipam: other, startedAtNs: 2_001n })).rejects.toMatchObject({
    code: "bad-config",
    message: expect.stringContaining("with prefixLength 24, and the ipam section has it as a /26"),
  });
  expectReservation(reserved);
});

describe("a hand that edits while the pod has the address", () => {
  beforeEach(async () => {
    cluster.putPool({}, ["10.0.0.0/24"]);
  });

  test("reserves it for the pod: it stays reserved when the pod goes", async () => {
    await n1.add(asking("10.0.0.5"));
    await edit((spec) => ({ ...spec, reserved: FOR }));
    await n1.del();
    expect(cluster.onlyLease()).toMatchObject({ reserved: FOR, node: "", holder: "", pool: "lan" });
  });

  test("ends the reservation: the address is free when the pod goes", async () => {
    await written(cluster.leases, reservation("10.0.0.5"));
    await n1.add(asking("10.0.0.5"));
    await edit(({ reserved: _reserved, ...spec }) => spec);
    await n1.del();
    expect(cluster.leases.snapshot()).toEqual([]);
  });
});

describe("a repeated ADD of the pod that has a reservation which names no pool answers the same", () => {
  const index = { strategy: "Index" } as const;
  const ranges = [{ subnet: "fd00::/64", assign: "Any" }] as const;
  const moved = ["10.7.0.0/24", "fd07::/64"];

  async function editPool(spec: Partial<IPPoolSpec>, subnets: readonly string[]): Promise<void> {
    cluster.putPool(spec, subnets);
    await cluster.clock.advance(11_000);
  }

  test.for<readonly [string, CallFixture, () => Promise<void>]>([
    ["its pool was deleted", asking("10.0.0.5"), deletePool],
    ["its pool, which it names, was deleted", asking("10.0.0.5", { ipam: { pool: "lan" } }), deletePool],
    ["its pool has other ranges", asking("10.0.0.5"), () => editPool({}, moved)],
    ["it asks no more, and its pool has other ranges", {}, () => editPool({}, moved)],
    ["its pool has strategy Index, and other ranges", {}, () => editPool(index, moved)],
    ["its pool has lost the family", {}, () => editPool({ ranges }, [])],
  ])("where %s", async ([, call, change]) => {
    await written(cluster.leases, reservation("10.0.0.5"));
    const first = await n1.add(asking("10.0.0.5"));
    const held = cluster.leases.snapshot().map(({ metadata }) => metadata.name);
    await change();
    expect((await n1.add(call)).ips).toEqual(first.ips);
    expect(cluster.leases.snapshot().map(({ metadata }) => metadata.name)).toEqual(held);
  });

  test("where one of the pools that it names was deleted, in their order", async () => {
    cluster.pools.put(poolOf("wan", ["10.8.0.0/24"]));
    await written(cluster.leases, reservation("10.8.0.5"));
    const call = asking("10.8.0.5", { ipam: { pools: ["wan", "lan"] } });
    const { ips } = await n1.add(call);
    expect(ips.map(({ family }) => family)).toEqual([4, 4, 6]);
    await deletePool();
    expect((await n1.add(call)).ips).toEqual(ips);
  });

  async function deletePool(): Promise<void> {
    cluster.pools.remove("lan");
    await cluster.clock.advance(11_000);
  }
});

async function edit(change: (spec: IPLeaseSpec) => IPLeaseSpec): Promise<void> {
  const [lease] = cluster.leases.snapshot();
  if (lease === undefined) throw new Error("there is no lease");
  const outcome = await cluster.leases.replace({ ...lease, spec: change(lease.spec) });
  expect(outcome.kind).toBe("replaced");
}
