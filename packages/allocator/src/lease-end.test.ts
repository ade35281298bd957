import { describe, expect, test } from "vitest";
import { endOf, originOf } from "./lease-end.ts";
import { attachedLease, FAMILIES, MemoryLeaseStore, ScriptedKeeping } from "./testing/index.ts";
import { releasedLease, reservation } from "./testing/kept-leases.ts";

const NEVER = new AbortController().signal;

function keepingFor(seconds?: number): ScriptedKeeping {
  const keeping = new ScriptedKeeping();
  if (seconds !== undefined) keeping.seconds.set("lab", seconds);
  return keeping;
}

describe.each(FAMILIES)("of $family", ({ network }) => {
  const full = attachedLease(network.at(7), {
    pool: "lab",
    gateway: network.at(1),
    sandbox: { netns: "/run/netns/a", inode: "1", bootID: "b" },
    addedAt: { bootID: "b", bootTimeNs: "1" },
  });

  test("a lease of a pool that keeps nothing is deleted", async () => {
    expect(await endOf(full, { keeping: keepingFor(), signal: NEVER })).toBeUndefined();
  });

  test("a lease that is kept says for whom, since when and how long, and has no attachment any more", async () => {
    const { sandbox: _, addedAt: __, ...rest } = full.spec;
    expect(await endOf(full, { keeping: keepingFor(60), signal: NEVER })).toEqual({
      ...rest,
      node: "",
      containerID: "",
      releasedAt: "2026-02-03T04:05:06Z",
      keepSeconds: 60,
    });
  });

  test("a reserved lease becomes the reservation that it was, whatever the pool says", async () => {
    const reserved = { reason: "printer", for: { namespace: "default", name: "web-0" } };
    const keeping = keepingFor(60);
    const attached = { ...full, spec: { ...full.spec, reserved } };
    expect(await endOf(attached, { keeping, signal: NEVER })).toEqual({
      address: network.at(7),
      prefixLength: network.prefixLength,
      pool: "lab",
      addressSpace: "",
      network: "",
      node: "",
      holder: "",
      containerID: "",
      ifName: "",
      reserved,
    });
    expect(keeping.asked).toEqual([]);
  });

  test("a lease that waits for a finalizer is deleted: it takes no write", async () => {
    const metadata = { ...full.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(await endOf({ ...full, metadata }, { keeping: keepingFor(60), signal: NEVER })).toBeUndefined();
  });

  test("an undo asks no pool: what was new is deleted, what was kept is that again", async () => {
    const keeping = keepingFor(60);
    const { spec } = releasedLease(network.at(7));
    expect(await endOf(full, { keeping, signal: NEVER, origin: { kind: "new" } })).toBeUndefined();
    expect(await endOf(full, { keeping, signal: NEVER, origin: { kind: "kept", spec } })).toEqual(spec);
    expect(keeping.asked).toEqual([]);
  });

  test("an undo of a lease that has been reserved meanwhile leaves the reservation", async () => {
    const reserved = { reason: "printer", for: { namespace: "default", name: "web-0" } };
    const attached = { ...full, spec: { ...full.spec, reserved } };
    const after = await endOf(attached, { keeping: keepingFor(), signal: NEVER, origin: { kind: "new" } });
    expect(after?.reserved).toEqual(reserved);
  });

  test.for([
    [full, "held"],
    [releasedLease(network.at(7)), "kept"],
    [reservation(network.at(7)), "new"],
  ] as const)("what is taken over is told by its origin: %#", ([lease, expected]) => {
    expect(originOf(lease).kind).toBe(expected);
  });

  test.for([
    ["reserved", { reserved: { reason: "x", for: { namespace: "default", name: "web-0" } } }],
    ["kept", {}],
  ] as const)("the store takes a lease that was %s", async ([, spec]) => {
    const store = new MemoryLeaseStore();
    const outcome = await store.create(attachedLease(network.at(7), { pool: "lab", ...spec }));
    if (outcome.kind !== "created") throw new Error(outcome.kind);
    const after = await endOf(outcome.lease, { keeping: keepingFor(60), signal: NEVER });
    if (after === undefined) throw new Error("it is deleted");
    expect((await store.replace({ ...outcome.lease, spec: after })).kind).toBe("replaced");
  });
});
