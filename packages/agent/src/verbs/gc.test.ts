import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { never } from "../testing/agent-world.ts";
import { type CallFixture, netnsOf } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  await world.load();
  for (const containerId of ["c1", "c2"]) await world.add({ containerId, pod: undefined });
  world.leases.faults.calls.length = 0;
});

function holding(...containerIds: readonly string[]): CallFixture {
  const valid = containerIds.map((containerID) => ({ containerID, ifname: "net1" }));
  return { config: { "cni.dev/valid-attachments": valid } };
}

function holders(): string[] {
  return [...new Set(world.leases.snapshot().map(({ spec }) => spec.containerID))].toSorted();
}

describe("GC", () => {
  test("releases every lease of an attachment that is not valid and whose sandbox is gone, and tells the log", async () => {
    world.sandboxes.end(netnsOf("c1"));
    await world.gc(holding("c2"));
    expect(holders()).toEqual(["c2"]);
    expect(world.lines.with("stale lease found by GC and given back")).toHaveLength(2);
    expect(world.leases.faults.calls.map(({ operation }) => operation)).toEqual(["delete", "delete"]);
  });

  test("keeps what is valid though its sandbox is gone, and what is not though its sandbox lives", async () => {
    world.sandboxes.end(netnsOf("c1"));
    await world.gc(holding("c1"));
    expect(holders()).toEqual(["c1", "c2"]);
  });

  test("tells the interfaces of one container apart", async () => {
    await world.add({ containerId: "c1", ifName: "net2", pod: undefined });
    world.sandboxes.end(netnsOf("c1"));
    await world.gc({ config: { "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "net2" }] } });
    const left = world.leases.snapshot().filter(({ spec }) => spec.containerID === "c1");
    expect(new Set(left.map(({ spec }) => spec.ifName))).toEqual(new Set(["net2"]));
  });

  test("releases nothing without a list of valid attachments, and with an empty one all that is gone", async () => {
    world.sandboxes.end(netnsOf("c1"));
    await world.gc();
    expect(holders()).toEqual(["c1", "c2"]);
    await world.gc(holding());
    expect(holders()).toEqual(["c2"]);
  });

  test("keeps what another network has", async () => {
    world.sandboxes.end(netnsOf("c1"));
    await world.gc({ ...holding(), network: "wan" });
    expect(holders()).toEqual(["c1", "c2"]);
  });

  test("keeps a lease whose sandbox the ADD could not see", async () => {
    world.sandboxes.hide(netnsOf("c3"));
    await world.add({ containerId: "c3", pod: undefined });
    world.sandboxes.end(netnsOf("c3"));
    await world.gc(holding("c1", "c2"));
    expect(holders()).toEqual(["c1", "c2", "c3"]);
  });

  test("keeps what an ADD took that began after it", async () => {
    await world.add({ containerId: "c3", pod: undefined, startedAtNs: 20n });
    world.sandboxes.end(netnsOf("c3"));
    await world.gc({ ...holding("c1", "c2"), startedAtNs: 10n });
    expect(holders()).toEqual(["c1", "c2", "c3"]);
  });

  test("keeps what a new sandbox took over while the GC waited for its turn", async () => {
    const turn = Promise.withResolvers<void>();
    const call = world.agent.gate.run({ containerId: "c1", ifName: "net1" }, () => turn.promise);
    world.sandboxes.end(netnsOf("c1"));
    const collecting = world.gc(holding("c2"));
    await world.clock.advance(0);
    for (const lease of world.leases.snapshot().filter(({ spec }) => spec.containerID === "c1")) {
      const outcome = await world.leases.replace({ ...lease, spec: { ...lease.spec, containerID: "c3" } });
      if (outcome.kind === "replaced") world.agent.attachments.put(outcome.lease);
    }
    turn.resolve();
    await Promise.all([call, collecting]);
    expect(holders()).toEqual(["c2", "c3"]);
    expect(world.lines.with("stale lease found by GC and given back")).toEqual([]);
  });

  test("goes on where a release has no answer, and makes it good later", async () => {
    for (const containerId of ["c1", "c2"]) world.sandboxes.end(netnsOf(containerId));
    world.leases.faults.failWrites("delete", { kind: "lost" });
    await world.gc(holding());
    expect(world.leases.snapshot()).toHaveLength(1);
    await settlePending(never(), world.agent);
    expect(holders()).toEqual([]);
  });
});
