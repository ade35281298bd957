import { FAMILIES } from "@cluster-ipam/allocator/testing";
import { describe, expect, test } from "vitest";
import type { LeaseFact } from "../leases/lease-fact.ts";
import { leaseOf } from "../testing/facts.ts";
import { KeptTimes } from "./kept-times.ts";

describe.each(FAMILIES)("of $family", ({ network }) => {
  test("a kept lease is over its seconds after it was first seen, and not before", () => {
    const times = new KeptTimes();
    const lease = kept();
    expect(times.leftMs(lease, 30, 1_000)).toBe(30_000);
    expect(times.leftMs(lease, 30, 30_999)).toBe(1);
    expect(times.leftMs(lease, 30, 31_000)).toBe(0);
  });

  test("what the node took for the time of day makes no difference", () => {
    const times = new KeptTimes();
    expect(times.leftMs(kept({ releasedAt: "1970-01-01T00:00:00Z" }), 30, 0)).toBe(30_000);
    expect(times.leftMs(kept({ name: network.nameAt(6), releasedAt: "2999-01-01T00:00:00Z" }), 30, 0)).toBe(30_000);
  });

  test("a lease that was taken and released again begins anew", () => {
    const times = new KeptTimes();
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ state: "attached", releasedAt: "" }), 30, 10_000)).toBeUndefined();
    expect(times.leftMs(kept({ resourceVersion: "3" }), 30, 20_000)).toBe(30_000);
  });

  test("so does one whose taking nobody has seen, and one that was made again under its name", () => {
    const times = new KeptTimes();
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ releasedAt: "2026-01-01T00:00:09Z" }), 30, 20_000)).toBe(30_000);
    expect(times.leftMs(kept({ uid: "u2", releasedAt: "2026-01-01T00:00:09Z" }), 30, 40_000)).toBe(30_000);
  });

  test("a lease that somebody has annotated goes on with its time", () => {
    const times = new KeptTimes();
    times.leftMs(kept(), 30, 0);
    expect(times.leftMs(kept({ resourceVersion: "9" }), 30, 20_000)).toBe(10_000);
  });

  test("a name that was forgotten begins anew", () => {
    const times = new KeptTimes();
    times.leftMs(kept(), 30, 0);
    times.forget(network.nameAt(5));
    expect(times.leftMs(kept(), 30, 20_000)).toBe(30_000);
  });

  function kept(some: Partial<LeaseFact> = {}): LeaseFact {
    const times = { releasedAt: "2026-01-01T00:00:00Z", keepSeconds: 30 };
    const nobody = { uid: "u1", node: "", state: "kept", holder: "default/web-0/net1" } as const;
    return leaseOf(network.at(5), { ...times, ...nobody, ...some });
  }
});
