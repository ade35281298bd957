import { expect, it } from "vitest";
import type { LeaseStore } from "../lease-store.ts";
import { LeaseFixture } from "./lease-fixture.ts";
import { created, read, versionOf, withHolder } from "./lease-store-steps.ts";

/** What every LeaseStore must do when several write at once. */
export function describeRaces(store: () => LeaseStore): void {
  it("lets exactly one of many creates of a name win", async () => {
    const leases = new LeaseFixture();
    const racers = Array.from({ length: 16 }, (_, racer) => leases.lease(1, { containerID: `sandbox-${racer}` }));
    const outcomes = await Promise.all(racers.map((lease) => store().create(lease)));
    const winners = outcomes.flatMap((outcome) => (outcome.kind === "created" ? [outcome.lease] : []));
    expect(outcomes.filter(({ kind }) => kind === "taken")).toHaveLength(15);
    expect(winners).toEqual([await read(store(), leases.lease())]);
  });

  it("lets exactly one of many replaces of a version win", async () => {
    const lease = await created(store(), new LeaseFixture().lease());
    const racers = Array.from({ length: 8 }, (_, racer) => withHolder(lease, `sandbox-${racer}`));
    const outcomes = await Promise.all(racers.map((racer) => store().replace(racer)));
    const winners = outcomes.flatMap((outcome) => (outcome.kind === "replaced" ? [outcome.lease] : []));
    expect(outcomes.filter(({ kind }) => kind === "changed")).toHaveLength(7);
    expect(winners).toEqual([await read(store(), lease)]);
  });

  it("lets either a delete or a replace of a version win, not both", async () => {
    const leases = new LeaseFixture();
    for (let round = 0; round < 8; round += 1) {
      const lease = await created(store(), leases.lease(round));
      const replace = (): ReturnType<LeaseStore["replace"]> => store().replace(withHolder(lease, "sandbox-2"));
      const remove = (): ReturnType<LeaseStore["delete"]> => store().delete(versionOf(lease));
      // Either may be first on its way.
      const [replaced, deleted] =
        round % 2 === 0
          ? await Promise.all([replace(), remove()])
          : (await Promise.all([remove(), replace()])).toReversed();
      const left = await read(store(), lease);
      if (deleted?.kind === "deleted") {
        expect([replaced?.kind === "gone" || replaced?.kind === "changed", left]).toEqual([true, undefined]);
      } else {
        expect([replaced?.kind, deleted?.kind, left?.spec.containerID]).toEqual(["replaced", "changed", "sandbox-2"]);
      }
    }
  });

  it("lets exactly one of many deletes of a version win", async () => {
    const lease = await created(store(), new LeaseFixture().lease());
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store().delete(versionOf(lease))));
    expect(outcomes.filter(({ kind }) => kind === "deleted")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "gone" || kind === "changed")).toHaveLength(7);
  });
}
