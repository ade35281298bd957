import { beforeEach, describe, expect, it } from "vitest";
import type { LeaseStore } from "../lease-store.ts";
import { LeaseFixture } from "./lease-fixture.ts";
import { describeInterruptedLists, describeLists, type Interrupted } from "./lease-store-lists.ts";
import { describeRaces } from "./lease-store-races.ts";
import { created, read, versionOf, withHolder } from "./lease-store-steps.ts";

/**
 * What every LeaseStore must do, as a suite of vitest.
 *
 * @param open gives the store that one test uses; it may hold leases of other tests. Pages of its lists should hold
 * fewer than ten leases.
 */
export function leaseStoreConformance<Store extends LeaseStore>(
  name: string,
  open: () => Store,
  interrupted: Interrupted<Store>,
): void {
  describe(`${name} as a lease store`, () => {
    let store: Store;
    beforeEach(() => {
      store = open();
    });
    const current = (): Store => store;
    describe.each([[4], [6]] as const)("with IPv%d", (family) => {
      describeCreate(current, () => new LeaseFixture(family));
      describeReplace(current, () => new LeaseFixture(family));
      describeDelete(current, () => new LeaseFixture(family));
    });
    describeRaces(current);
    describeLists(current);
    describeInterruptedLists(current, interrupted);
  });
}

type Current = () => LeaseStore;
type NewFixture = () => LeaseFixture;

function describeCreate(store: Current, fixture: NewFixture): void {
  it("gives a created lease a uid and a version, and reads it back as it was answered", async () => {
    const draft = fixture().lease();
    const lease = await created(store(), draft);
    expect(lease.spec).toEqual(draft.spec);
    expect(lease.metadata).toMatchObject({
      uid: expect.stringMatching(/./),
      resourceVersion: expect.stringMatching(/./),
    });
    expect(await read(store(), draft)).toEqual(lease);
  });

  it("has no lease of a name that was never created", async () => {
    expect(await read(store(), fixture().lease())).toBeUndefined();
  });

  it("leaves the first holder alone when the name is taken", async () => {
    const leases = fixture();
    const first = await created(store(), leases.lease());
    expect(await store().create(leases.lease(1, { containerID: "another", node: "another" }))).toEqual({
      kind: "taken",
    });
    expect(await read(store(), first)).toEqual(first);
  });

  it("keeps the same address of two spaces apart", async () => {
    const [one, other] = [await created(store(), fixture().lease()), await created(store(), fixture().lease())];
    expect(one.spec.address).toBe(other.spec.address);
    expect(one.metadata.name).not.toBe(other.metadata.name);
    expect(await read(store(), one)).toEqual(one);
  });

  it("refuses a lease whose name is not its address", async () => {
    const leases = fixture();
    const lease = { ...leases.lease(1), metadata: leases.lease(2).metadata };
    await expect(store().create(lease)).rejects.toMatchObject({ code: "object-refused" });
    expect(await read(store(), lease)).toBeUndefined();
  });

  it("does not create what was read from it", async () => {
    const leases = fixture();
    const { metadata } = await created(store(), leases.lease(1));
    const draft = leases.lease(2);
    const copy = { ...draft, metadata: { ...metadata, ...draft.metadata } };
    await expect(store().create(copy)).rejects.toThrow(RangeError);
  });
}

function describeReplace(store: Current, fixture: NewFixture): void {
  it("replaces the holder under the same uid and a new version", async () => {
    const lease = await created(store(), fixture().lease());
    const outcome = await store().replace(withHolder(lease, "sandbox-2"));
    if (outcome.kind !== "replaced") throw new Error(outcome.kind);
    expect(outcome.lease.spec).toEqual({ ...lease.spec, containerID: "sandbox-2" });
    expect(outcome.lease.metadata.uid).toBe(lease.metadata.uid);
    expect(outcome.lease.metadata.resourceVersion).not.toBe(lease.metadata.resourceVersion);
    expect(await read(store(), lease)).toEqual(outcome.lease);
  });

  it("replaces nothing from an earlier version", async () => {
    const lease = await created(store(), fixture().lease());
    await store().replace(withHolder(lease, "sandbox-2"));
    expect(await store().replace(withHolder(lease, "sandbox-3"))).toEqual({ kind: "changed" });
    expect((await read(store(), lease))?.spec.containerID).toBe("sandbox-2");
  });

  it("does not replace the lease that was created after this one was deleted", async () => {
    const leases = fixture();
    const lease = await created(store(), leases.lease());
    await store().delete(versionOf(lease));
    const newer = await created(store(), leases.lease(1, { containerID: "newer" }));
    expect(await store().replace(withHolder(lease, "sandbox-2"))).toEqual({ kind: "changed" });
    expect(await read(store(), lease)).toEqual(newer);
  });

  it("says that a deleted lease is gone, and does not create it", async () => {
    const lease = await created(store(), fixture().lease());
    await store().delete(versionOf(lease));
    expect(await store().replace(withHolder(lease, "sandbox-2"))).toEqual({ kind: "gone" });
    expect(await read(store(), lease)).toBeUndefined();
  });

  it("does not replace a lease that is being deleted", async () => {
    const lease = await created(store(), fixture().lease());
    const metadata = { ...lease.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(await store().replace({ ...withHolder(lease, "sandbox-2"), metadata })).toEqual({ kind: "changed" });
    expect(await read(store(), lease)).toEqual(lease);
  });

  it.each([["pool"], ["prefixLength"], ["address"], ["addressSpace"]] as const)(
    "refuses to change %s",
    async (field) => {
      const leases = fixture();
      const lease = await created(store(), leases.lease());
      const other = { ...leases.lease(2).spec, pool: "another", prefixLength: 30, addressSpace: "another" };
      const changed = { ...lease, spec: { ...lease.spec, [field]: other[field] } };
      await expect(store().replace(changed)).rejects.toMatchObject({ code: "object-refused" });
      expect(await read(store(), lease)).toEqual(lease);
    },
  );

  it("does not replace what was never read from it", async () => {
    await expect(store().replace(fixture().lease())).rejects.toThrow(RangeError);
  });
}

function describeDelete(store: Current, fixture: NewFixture): void {
  it("deletes a lease, whose name is free again and gets another uid", async () => {
    const leases = fixture();
    const lease = await created(store(), leases.lease());
    expect(await store().delete(versionOf(lease))).toEqual({ kind: "deleted" });
    expect(await read(store(), lease)).toBeUndefined();
    expect((await created(store(), leases.lease())).metadata.uid).not.toBe(lease.metadata.uid);
  });

  it("deletes nothing at an earlier version", async () => {
    const lease = await created(store(), fixture().lease());
    await store().replace(withHolder(lease, "sandbox-2"));
    expect(await store().delete(versionOf(lease))).toEqual({ kind: "changed" });
    expect((await read(store(), lease))?.spec.containerID).toBe("sandbox-2");
  });

  it("does not delete the lease of a newer holder", async () => {
    const leases = fixture();
    const lease = await created(store(), leases.lease());
    await store().delete(versionOf(lease));
    const newer = await created(store(), leases.lease());
    expect(await store().delete(versionOf(lease))).toEqual({ kind: "changed" });
    // The version alone would match: it is the uid that tells them apart.
    const mixed = { ...versionOf(newer), uid: versionOf(lease).uid };
    expect(await store().delete(mixed)).toEqual({ kind: "changed" });
    expect(await read(store(), newer)).toEqual(newer);
  });

  it("says that a lease is gone when it is", async () => {
    const lease = await created(store(), fixture().lease());
    await store().delete(versionOf(lease));
    expect(await store().delete(versionOf(lease))).toEqual({ kind: "gone" });
  });
}
