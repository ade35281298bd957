import { MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, expect, test } from "vitest";
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

beforeEach(async () => {
  store = new MemoryLeaseStore();
  attachments = new Attachments(new FakeSandboxes());
  pending = new PendingReleases({ nowMs: () => 0 });
  lease = await written(store, leaseOf("fd00::5"));
  attachments.put(lease);
});

test("a lease that is given back is gone from server and memory, with one write", async () => {
  await leftoversOf(store, attachments, pending).giveBack(lease);
  expect(store.snapshot()).toEqual([]);
  expect(attachments.size).toBe(0);
  expect(pending.size).toBe(0);
  expect(store.faults.calls.map(({ operation }) => operation)).toEqual(["create", "delete"]);
});

test("a lease that a newer sandbox has taken over meanwhile stays known as that one's", async () => {
  const outcome = await store.replace({ ...lease, spec: { ...lease.spec, containerID: "newer" } });
  if (outcome.kind !== "replaced") throw new Error(outcome.kind);
  attachments.put(outcome.lease);
  await leftoversOf(store, attachments, pending).giveBack(lease);
  expect(attachments.byName(lease.metadata.name)?.spec.containerID).toBe("newer");
  expect(store.snapshot()).toEqual([outcome.lease]);
});

test("a lease that is gone already is given back", async () => {
  await leftoversOf(store, attachments, pending).giveBack(lease);
  await leftoversOf(store, attachments, pending).giveBack(lease);
  expect(pending.size).toBe(0);
});

test.each([
  ["has no answer", { kind: "lost" } as const],
  ["is refused", { kind: "refused", error: new IpamError("apiserver-refused", "no permission to delete") } as const],
])("a lease whose delete %s is pending", async (_, fault) => {
  store.faults.failWrites("delete", fault);
  await leftoversOf(store, attachments, pending).giveBack(lease);
  expect(pending.due()).toMatchObject([{ kind: "lease", lease: { metadata: { name: lease.metadata.name } } }]);
  expect(attachments.size).toBe(0);
});

test("a lease that was written to meanwhile is pending: the next look tells whose it is", async () => {
  await store.replace({ ...lease, spec: { ...lease.spec, containerID: "newer" } });
  await leftoversOf(store, attachments, pending).giveBack(lease);
  expect(pending.size).toBe(1);
  expect(store.snapshot()).toHaveLength(1);
});

test("a lease that may appear is looked for", () => {
  leftoversOf(store, attachments, pending).recheck(leaseOf("10.0.0.5"));
  expect(pending.due()).toMatchObject([{ kind: "lease", mayAppearUntilMs: 120_000 }]);
});
