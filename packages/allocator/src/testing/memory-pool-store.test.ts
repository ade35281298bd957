import { API_VERSION, type IPPool, IPPoolSchema } from "@cluster-ipam/api";
import { describe, expect, it } from "vitest";
import { MemoryPoolStore } from "./memory-pool-store.ts";

function pool(name: string, subnet: string): IPPool {
  return IPPoolSchema.parse({
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name },
    spec: { ranges: [{ subnet }] },
  });
}

function open(): AbortSignal {
  return new AbortController().signal;
}

describe("MemoryPoolStore", () => {
  it("creates a pool, and returns the one that is there at a second create", async () => {
    const store = new MemoryPoolStore();
    const first = await store.create(pool("a", "10.0.0.0/24"), open());
    expect(await store.create(pool("a", "10.9.0.0/24"), open())).toEqual(first);
    expect(await store.get("a", open())).toEqual(first);
    expect(await store.get("b", open())).toBeUndefined();
  });

  it("lists what was put and not removed, sorted by name", async () => {
    const store = new MemoryPoolStore();
    for (const name of ["c", "a", "b"]) store.put(pool(name, "10.0.0.0/24"));
    store.remove("b");
    expect((await store.list(open())).pools.map(({ metadata }) => metadata.name)).toEqual(["a", "c"]);
  });

  it("gives an edited pool a new version under the same uid", () => {
    const store = new MemoryPoolStore();
    const before = store.put(pool("a", "10.0.0.0/24")).metadata;
    const after = store.put(pool("a", "10.0.1.0/24")).metadata;
    expect(after.uid).toBe(before.uid);
    expect(after.resourceVersion).not.toBe(before.resourceVersion);
  });

  it("repeats a create until it is reached again, or the signal aborts", async () => {
    const store = new MemoryPoolStore();
    store.faults.goAway();
    const ended = new AbortController();
    const hopeless = store.create(pool("a", "10.0.0.0/24"), ended.signal);
    ended.abort();
    await expect(hopeless).rejects.toMatchObject({ code: "apiserver-unreachable" });
    const patient = store.create(pool("a", "10.0.0.0/24"), open());
    store.faults.comeBack();
    expect((await patient).metadata.name).toBe("a");
  });
});
