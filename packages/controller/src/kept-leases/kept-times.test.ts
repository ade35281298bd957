import { FAMILIES } from "@cluster-ipam/allocator/testing";
import { describe, expect, test } from "vitest";
import type { LeaseFact } from "../leases/lease-fact.ts";
import { leaseOf } from "../testing/facts.ts";
import { KeptTimes } from "./kept-times.ts";

describe.each(FAMILIES)("of $family", ({ network }) => {
  test("a kept lease is over its seconds after it was first seen, and not before", () => {
    const times = new KeptTimes(() => 0);
    const lease = kept();
    expect(times.leftMs(lease, 30, 1_000)).toBe(30_000);
    expect(times.leftMs(lease, 30, 30_999)).toBe(1);
    expect(times.leftMs(lease, 30, 31_000)).toBe(0);
  });

  test("what the node took for the time of day makes no difference", () => {
    const times = new KeptTimes(() => 0);
    expect(times.leftMs(kept({ releasedAt: "1970-01-01T00:00:00Z" }), 30, 0)).toBe(30_000);
    expect(times.leftMs(kept({ name: network.nameAt(6), releasedAt: "2999-01-01T00:00:00Z" }), 30, 0)).toBe(30_000);
  });

  test("a lease that was taken and released again begins anew", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ state: "attached", releasedAt: "" }), 30, 10_000)).toBeUndefined();
    expect(times.leftMs(kept({ resourceVersion: "3" }), 30, 20_000)).toBe(30_000);
  });

  test("so does one whose taking nobody has seen, and one that was made again under its name", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ releasedAt: "2026-01-01T00:00:09Z" }), 30, 20_000)).toBe(30_000);
    expect(times.leftMs(kept({ uid: "u2", releasedAt: "2026-01-01T00:00:09Z" }), 30, 40_000)).toBe(30_000);
  });

  test("a lease that somebody has annotated goes on with its time", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ resourceVersion: "9" }), 30, 20_000)).toBe(10_000);
  });

  test("a name that was forgotten begins anew", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept(), 30, 0);
    times.forget(network.nameAt(5));
    expect(times.leftMs(kept(), 30, 20_000)).toBe(30_000);
  });

  test("a lease that says another time begins anew with that", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ keepSeconds: 12 }), 12, 20_000)).toBe(12_000);
  });

  test("one that says no time goes on, whatever its pool says", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept({ keepSeconds: undefined }), 30, 0);
    expect(times.leftMs(kept({ keepSeconds: undefined }), 90, 20_000)).toBe(70_000);
  });

  function kept(some: Partial<LeaseFact> = {}): LeaseFact {
    return keptLease(network.at(5), some);
  }
});

describe("what is left is written down", () => {
  const HOUR_S = 3_600;
  const kept = (some: Partial<LeaseFact> = {}): LeaseFact => keptLease("10.0.0.5", some);

  test.each([
    ["a day", 24, 1.2],
    ["two hours", 2, 1],
    ["a week", 168, 6],
    ["ten years", 87_600, 6],
  ])(
    "of %s (%d h): after a twentieth of it, though after an hour at least and six at most: %d h",
    (_, hours, stepHours) => {
      const times = new KeptTimes(() => 0);
      expect(firstCheckpointHours(times, hours * HOUR_S)).toBeCloseTo(stepHours, 9);
      const early = new KeptTimes(() => 0.999);
      expect(firstCheckpointHours(early, hours * HOUR_S)).toBeCloseTo(stepHours / 2, 1);
    },
  );

  test.each([
    ["an hour or less", HOUR_S],
    ["as long as the pool says", undefined],
  ])("never, of a lease that is kept for %s", (_, keepSeconds) => {
    expect(firstCheckpointHours(new KeptTimes(() => 0), keepSeconds)).toBe(Number.POSITIVE_INFINITY);
  });

  test("in steps that stay as long when the time that is left is shorter", () => {
    const times = new KeptTimes(() => 0.5);
    const lease = kept({ keepSeconds: 24 * HOUR_S });
    times.leftMs(lease, 24 * HOUR_S, 0);
    const nowMs = times.untilCheckpointMs(lease, 0);
    expect(times.untilCheckpointMs(lease, nowMs + 5)).toBe(0);
    times.leftMs(kept({ keepSeconds: 2 * HOUR_S }), 2 * HOUR_S, nowMs);
    expect(times.untilCheckpointMs(lease, nowMs) / 3_600_000).toBeCloseTo(1.2, 9);
  });

  test("when a hand has made a long time of a short one", () => {
    const times = new KeptTimes(() => 0);
    times.leftMs(kept(), 30, 0);
    const lease = kept({ keepSeconds: 24 * HOUR_S });
    times.leftMs(lease, 24 * HOUR_S, 0);
    expect(times.untilCheckpointMs(lease, 0) / 3_600_000).toBeCloseTo(1.2, 9);
  });

  function firstCheckpointHours(times: KeptTimes, keepSeconds: number | undefined): number {
    const lease = kept({ keepSeconds });
    times.leftMs(lease, keepSeconds ?? 90 * HOUR_S, 0);
    return times.untilCheckpointMs(lease, 0) / 3_600_000;
  }
});

function keptLease(address: string, some: Partial<LeaseFact>): LeaseFact {
  const times = { releasedAt: "2026-01-01T00:00:00Z", keepSeconds: 30 };
  const nobody = { uid: "u1", node: "", state: "kept", holder: "default/web-0/net1" } as const;
  return leaseOf(address, { ...times, ...nobody, ...some });
}
