import { FakeClock, seededRandom } from "@cluster-ipam/allocator/testing";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { AgentWorld, never, written } from "../testing/agent-world.ts";
import { netnsOf } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.0/24"],
  ["IPv6", "fd00::/64"],
] as const;
const WITHOUT_UID = { namespace: "shop", name: "web-0", uid: "" };

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  await world.load();
});

function operations(): string[] {
  return world.leases.faults.calls.splice(0).map(({ operation }) => operation);
}

describe.each(FAMILIES)("a new sandbox of the same pod, %s", (_, subnet) => {
  beforeEach(() => {
    world.pools.put(poolOf("lan", [subnet]));
  });

  test("gets the pod's address back with one write, while the old sandbox is still there", async () => {
    const address = await world.addOne({ containerId: "c1" });
    operations();
    expect(await world.addOne({ containerId: "c2" })).toBe(address);
    expect(operations()).toEqual(["replace"]);
    expect(world.leases.snapshot().map(({ spec }) => [spec.containerID, spec.sandbox?.netns])).toEqual([
      ["c2", netnsOf("c2")],
    ]);
  });

  test("keeps it when the DEL of the old sandbox comes late, also a repeated one", async () => {
    await world.add({ containerId: "c1" });
    await world.add({ containerId: "c2" });
    await world.del({ containerId: "c1" });
    await world.del({ containerId: "c1" });
    expect(world.leases.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c2"]);
    operations();
    await world.del({ containerId: "c2" });
    expect(operations()).toEqual(["delete"]);
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("keeps it when an ADD of the old sandbox comes late, which is refused", async () => {
    const address = await world.addOne({ containerId: "c2", startedAtNs: 20n });
    const late = world.add({ containerId: "c1", startedAtNs: 10n });
    await expect(late).rejects.toMatchObject({ code: "cancelled" });
    expect(world.leases.snapshot().map(({ spec }) => [spec.address, spec.containerID])).toEqual([[address, "c2"]]);
  });

  test("gets it back after the agent was started anew", async () => {
    const address = await world.addOne({ containerId: "c1" });
    const { leases, pools } = world;
    const again = new AgentWorld({ leases, pools, clock: new FakeClock(), random: seededRandom(2) });
    await again.load();
    expect(await again.addOne({ containerId: "c2", startedAtNs: 5_000n })).toBe(address);
  });

  test("without a pod uid gets it back once the old sandbox is gone, and another while it lives", async () => {
    const address = await world.addOne({ containerId: "c1", pod: WITHOUT_UID });
    const second = await world.addOne({ containerId: "c2", pod: WITHOUT_UID });
    expect(second).not.toBe(address);
    world.sandboxes.end(netnsOf("c1"));
    expect(await world.addOne({ containerId: "c3", pod: WITHOUT_UID })).toBe(address);
    expect(world.leases.snapshot()).toHaveLength(2);
  });

  test("that fails after the take-over leaves no lease", async () => {
    world.pools.put(
      poolOf("full", [], { ranges: [{ subnet: "10.5.0.0/30", start: "10.5.0.0", end: "10.5.0.0", assign: "Any" }] }),
    );
    await world.add({ containerId: "c1" });
    const failing = world.add({ containerId: "c2", ipam: { pools: ["lan", "full"] } });
    await expect(failing).rejects.toMatchObject({ code: "pool-exhausted" });
    expect(world.leases.snapshot()).toEqual([]);
    expect(world.agent.attachments.size).toBe(0);
  });

  test("whose take-over had no answer in time leaves no lease", async () => {
    await world.add({ containerId: "c1" });
    world.leases.faults.failWrites("replace", { kind: "answer-lost" });
    const deadline = new AbortController();
    const failing = world.add({ containerId: "c2" }, deadline.signal);
    await world.clock.advance(0);
    deadline.abort(new IpamError("apiserver-unreachable", "too late"));
    await expect(failing).rejects.toMatchObject({ code: "apiserver-unreachable" });
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot()).toEqual([]);
  });
});

test.each([
  ["another network", { network: "wan", ipam: { pool: "lan" } }],
  ["another interface", { ifName: "net2" }],
  ["another pod", { pod: { namespace: "shop", name: "web-0", uid: "uid-of-its-successor" } }],
])("a lease of %s is not taken over while its sandbox lives", async (_, call) => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
  await world.add({ containerId: "c1" });
  await world.add({ containerId: "c2", ...call });
  expect(
    world.leases
      .snapshot()
      .map(({ spec }) => spec.containerID)
      .toSorted(),
  ).toEqual(["c1", "c2"]);
});

test("a lease of another node is not taken over, though it names the same pod", async () => {
  const address = "10.0.0.1";
  world.pools.put(
    poolOf("lan", [], { ranges: [{ subnet: "10.0.0.0/24", start: address, end: address, assign: "Any" }] }),
  );
  await written(world.leases, leaseOf(address, { node: "n2", containerID: "c9" }));
  await expect(world.add()).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(world.leases.snapshot().map(({ spec }) => spec.node)).toEqual(["n2"]);
});
