import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { expect, test } from "vitest";
import { releaseLease } from "./release.ts";
import { attachedLease, FAMILIES, MemoryLeaseStore, ScriptedKeeping } from "./testing/index.ts";

const NEVER = new AbortController().signal;
const ours = ({ spec }: IPLease): boolean => spec.containerID === "c1";
const RULES = { isStillOurs: ours, signal: NEVER, keeping: new ScriptedKeeping() } as const;

test("a lease is deleted at the version that it carries", async () => {
  const { store, lease } = await setUp();
  expect(await release(store, lease)).toBe("released");
  expect(store.snapshot()).toEqual([]);
  expect(operations(store)).toEqual(["delete"]);
});

test.for(FAMILIES)("a lease of $family that is deleted is not told to be kept", async ({ network }) => {
  const { store, lease } = await setUp(network.at(5));
  const told: string[] = [];
  await releaseLease(store, lease, { ...RULES, onKept: () => void told.push("kept") });
  expect(told).toEqual([]);
});

test("a lease that is gone is released", async () => {
  const { store, lease } = await setUp();
  await release(store, lease);
  expect(await release(store, lease)).toBe("released");
});

test("a lease that changed but is still ours is read again and deleted", async () => {
  const { store, lease } = await setUp();
  await store.replace({ ...lease, spec: { ...lease.spec, network: "renamed" } });
  expect(await release(store, lease)).toBe("released");
  expect(store.snapshot()).toEqual([]);
});

test("a lease that another attachment took over is left alone", async () => {
  const { store, lease } = await setUp();
  await store.replace({ ...lease, spec: { ...lease.spec, containerID: "c2" } });
  expect(await release(store, lease)).toBe("released");
  expect(store.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c2"]);
});

test("another object under the same holder goes, too: somebody has restored it from a backup", async () => {
  const { store, lease } = await setUp();
  await release(store, lease);
  await store.create(attachedLease("10.0.0.5", { containerID: "c1" }));
  expect(await release(store, lease)).toBe("released");
  expect(store.snapshot()).toEqual([]);
});

test("a new lease of the address is left alone when it is not the holder's whose lease was to go", async () => {
  const { store, lease } = await setUp();
  await release(store, lease);
  await store.create(attachedLease("10.0.0.5", { containerID: "c2" }));
  expect(await release(store, lease)).toBe("released");
  expect(store.snapshot()).toHaveLength(1);
});

test("a newer holder who comes between the reading and the delete is left alone", async () => {
  const { store, lease } = await setUp();
  const changed = await store.replace({ ...lease, spec: { ...lease.spec, network: "renamed" } });
  if (changed.kind !== "replaced") throw new Error(changed.kind);
  const racing = {
    replace: store.replace.bind(store),
    delete: store.delete.bind(store),
    get: async (name: string, signal: AbortSignal) => {
      const found = await store.get(name, signal);
      if (found?.spec.containerID === "c1")
        await store.replace({ ...found, spec: { ...found.spec, containerID: "c2" } });
      return found;
    },
  };
  expect(await releaseLease(racing, lease, RULES)).toBe("released");
  expect(store.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c2"]);
});

test("a lease that vanishes after it changed is released", async () => {
  const { lease } = await setUp();
  const changed = (): Promise<{ readonly kind: "changed" }> => Promise.resolve({ kind: "changed" });
  const store = { delete: changed, replace: changed, get: () => Promise.resolve(undefined) };
  expect(await releaseLease(store, lease, RULES)).toBe("released");
});

test("a lease that changes for ever is given up after a few looks", async () => {
  const { lease } = await setUp();
  let looks = 0;
  const changed = (): Promise<{ readonly kind: "changed" }> => Promise.resolve({ kind: "changed" });
  const store = {
    delete: changed,
    replace: changed,
    get: () => {
      looks += 1;
      return Promise.resolve(lease);
    },
  };
  expect(await releaseLease(store, lease, RULES)).toBe("unknown");
  expect(looks).toBe(8);
});

test.for([{ kind: "lost" }, { kind: "answer-lost" }] as const)(
  "a delete that is %o is unknown, and not repeated",
  async (fault) => {
    const { store, lease } = await setUp();
    store.faults.failWrites("delete", fault);
    expect(await release(store, lease)).toBe("unknown");
    expect(operations(store)).toEqual(["delete"]);
  },
);

test("a call that has ended deletes nothing", async () => {
  const { store, lease } = await setUp();
  expect(await releaseLease(store, lease, { ...RULES, signal: AbortSignal.abort() })).toBe("unknown");
  expect(operations(store)).toEqual([]);
});

test("a server that refuses is an error", async () => {
  const { store, lease } = await setUp();
  const error = new IpamError("apiserver-refused", "may not delete ipleases");
  store.faults.failWrites("delete", { kind: "refused", error });
  await expect(release(store, lease)).rejects.toBe(error);
  expect(store.snapshot()).toHaveLength(1);
});

test("a lease that changed and cannot be read in time is an error", async () => {
  const { store, lease } = await setUp();
  await store.replace({ ...lease, spec: { ...lease.spec, network: "renamed" } });
  store.faults.failReads("get", { kind: "unanswered" });
  const controller = new AbortController();
  const released = releaseLease(store, lease, { ...RULES, signal: controller.signal });
  controller.abort(new Error("deadline"));
  await expect(released).rejects.toMatchObject({ code: "apiserver-unreachable" });
});

test.for([{}, { uid: "u" }, { resourceVersion: "5" }, { uid: "", resourceVersion: "" }])(
  "a lease with the version %o is never deleted",
  async (version) => {
    const { store, lease } = await setUp();
    const unread = { ...lease, metadata: { name: lease.metadata.name, ...version } };
    await expect(release(store, unread)).rejects.toThrow("lease 10.0.0.5 has not been read from the server");
    expect(store.snapshot()).toHaveLength(1);
  },
);

test.for(FAMILIES)(
  "a lease of $family that its pool keeps is released by one write, and deleted by none",
  async ({ network }) => {
    const { store, lease } = await setUp(network.at(5));
    const keeping = new ScriptedKeeping();
    keeping.seconds.set("pool-a", 60);
    const told: string[] = [];
    const onKept = (): void => void told.push("kept");
    expect(await releaseLease(store, lease, { ...RULES, keeping, onKept })).toBe("released");
    expect(told).toEqual(["kept"]);
    expect(operations(store)).toEqual(["replace"]);
    expect(store.snapshot()).toMatchObject([{ spec: { node: "", containerID: "", keepSeconds: 60 } }]);
  },
);

test.for(FAMILIES)(
  "a lease of $family that was reserved between the reading and the write is read again, and stays reserved",
  async ({ network }) => {
    const { store, lease } = await setUp(network.at(5));
    const reserved = { reason: "x", for: { namespace: "default", name: "web-0" } };
    await store.replace({ ...lease, spec: { ...lease.spec, reserved } });
    expect(await release(store, lease)).toBe("released");
    expect(store.snapshot()).toMatchObject([{ spec: { containerID: "", reserved } }]);
  },
);

test.for(FAMILIES)("a lease of $family whose pool cannot be read stays as it is", async ({ network }) => {
  const { store, lease } = await setUp(network.at(5));
  const keeping = new ScriptedKeeping();
  keeping.isAway = true;
  const released = releaseLease(store, lease, { ...RULES, keeping });
  await expect(released).rejects.toMatchObject({ code: "apiserver-unreachable" });
  expect(operations(store)).toEqual([]);
});

async function setUp(address: string = "10.0.0.5") {
  const store = new MemoryLeaseStore();
  const created = await store.create(attachedLease(address, { containerID: "c1" }));
  if (created.kind !== "created") throw new Error(created.kind);
  store.faults.calls.length = 0;
  return { store, lease: created.lease };
}

function release(store: MemoryLeaseStore, lease: IPLease): Promise<string> {
  return releaseLease(store, lease, RULES);
}

function operations(store: MemoryLeaseStore): string[] {
  return store.faults.calls.map(({ operation }) => operation);
}
