import type { Leftovers } from "@cluster-ipam/allocator";
import { FAMILIES, MemoryLeaseStore, ScriptedKeeping } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { Attachments } from "../attachments/attachments.ts";
import { written } from "../testing/agent-world.ts";
import { FakeSandboxes } from "../testing/fake-sandboxes.ts";
import { leaseOf } from "../testing/objects.ts";
import { leftoversOf } from "./leftovers.ts";
import { PendingReleases } from "./pending-releases.ts";

let store: MemoryLeaseStore;
let attachments: Attachments;
let pending: PendingReleases;
let lease: IPLease;
let keeping: ScriptedKeeping;

describe.each(FAMILIES)("of $family", ({ network }) => {
  beforeEach(async () => {
    store = new MemoryLeaseStore();
    keeping = new ScriptedKeeping();
    attachments = new Attachments(new FakeSandboxes());
    pending = new PendingReleases({ nowMs: () => 0 });
    lease = await written(store, leaseOf(network.at(5)));
    attachments.put(lease);
  });

  test("a lease that is given back is gone from server and memory, with one write", async () => {
    await leftovers().giveBack(lease, { kind: "held" });
    expect(store.snapshot()).toEqual([]);
    expect(attachments.size).toBe(0);
    expect(pending.size).toBe(0);
    expect(store.faults.calls.map(({ operation }) => operation)).toEqual(["create", "delete"]);
  });

  test("a lease that a newer sandbox has taken over meanwhile stays known as that one's", async () => {
    const outcome = await store.replace({ ...lease, spec: { ...lease.spec, containerID: "newer" } });
    if (outcome.kind !== "replaced") throw new Error(outcome.kind);
    attachments.put(outcome.lease);
    await leftovers().giveBack(lease, { kind: "held" });
    expect(attachments.byName(lease.metadata.name)?.spec.containerID).toBe("newer");
    expect(store.snapshot()).toEqual([outcome.lease]);
  });

  test("a lease that is gone already is given back", async () => {
    await leftovers().giveBack(lease, { kind: "held" });
    await leftovers().giveBack(lease, { kind: "held" });
    expect(pending.size).toBe(0);
  });

  test.each([
    ["has no answer", { kind: "lost" } as const],
    ["is refused", { kind: "refused", error: new IpamError("apiserver-refused", "no permission to delete") } as const],
  ])("a lease whose delete %s is pending", async (_, fault) => {
    store.faults.failWrites("delete", fault);
    await leftovers().giveBack(lease, { kind: "held" });
    expect(pending.due()).toMatchObject([{ kind: "lease", lease: { metadata: { name: lease.metadata.name } } }]);
    expect(attachments.size).toBe(0);
  });

  test("a lease that was written to meanwhile is pending: the next look tells whose it is", async () => {
    await store.replace({ ...lease, spec: { ...lease.spec, containerID: "newer" } });
    await leftovers().giveBack(lease, { kind: "held" });
    expect(pending.size).toBe(1);
    expect(store.snapshot()).toHaveLength(1);
  });

  test("a lease that may appear is looked for", () => {
    leftovers().recheck(leaseOf(network.at(6)), { kind: "new" });
    expect(pending.due()).toMatchObject([{ kind: "lease", origin: { kind: "new" }, mayAppearUntilMs: 120_000 }]);
  });

  test.each([
    [{ kind: "held" }, 60],
    [{ kind: "new" }, undefined],
  ] as const)("in a pool that keeps addresses, what was %j before is kept for %s s", async (origin, expected) => {
    keeping.seconds.set("lan", 60);
    await leftovers().giveBack(lease, origin);
    const kept = store.snapshot().map(({ spec }) => [spec.address, spec.keepSeconds]);
    expect(kept).toEqual(expected === undefined ? [] : [[network.at(5), expected]]);
  });

  test("what was kept for the claimant is kept as it was, without a look at the pool", async () => {
    const { containerID: _, node: __, ...spec } = lease.spec;
    const kept = { ...spec, containerID: "", node: "", releasedAt: "2026-01-01T00:00:00Z", keepSeconds: 5 };
    await leftovers().giveBack(lease, { kind: "kept", spec: kept });
    expect(store.snapshot().map((left) => left.spec)).toEqual([kept]);
    expect(keeping.asked).toEqual([]);
  });

  test("a lease whose pool cannot be read is pending, as what it was before", async () => {
    keeping.isAway = true;
    await leftovers().giveBack(lease, { kind: "held" });
    expect(pending.due()).toMatchObject([{ kind: "lease", origin: { kind: "held" } }]);
    expect(store.snapshot()).toHaveLength(1);
  });
});

function leftovers(): Leftovers {
  return leftoversOf({ store, attachments, pending, keeping });
}
