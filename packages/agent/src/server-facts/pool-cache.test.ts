import type { PoolStore, UnreadablePool } from "@cluster-ipam/allocator";
import { FakeClock, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { DEFAULT_POOL_ANNOTATION, type IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { never } from "../testing/agent-world.ts";
import { LogLines } from "../testing/log-lines.ts";
import { poolOf } from "../testing/objects.ts";
import { TickingClock } from "../testing/ticking-clock.ts";
import { PoolCache } from "./pool-cache.ts";
import { refreshUntil } from "./refreshed-read.ts";

const V4 = "10.0.0.0/24";
const V6 = "fd00::/64";
const REFUSED = { kind: "refused", error: new IpamError("apiserver-refused", "no permission to get ippools") } as const;

let store: MemoryPoolStore;
let clock: FakeClock;
let cache: PoolCache;
let lines: LogLines;
let ended: AbortController;

beforeEach(() => {
  store = new MemoryPoolStore();
  clock = new FakeClock();
  lines = new LogLines();
  cache = new PoolCache(store, new TickingClock(clock), lines.log);
  ended = new AbortController();
});

afterEach(() => ended.abort());

function calls(): string[] {
  return store.faults.calls.splice(0).map(({ operation, name }) => `${operation} ${name}`.trim());
}

function markedDefault(pool: IPPool): IPPool {
  return { ...pool, metadata: { ...pool.metadata, annotations: { [DEFAULT_POOL_ANNOTATION]: "true" } } };
}

async function nameOf(known: ReturnType<PoolCache["get"]>): Promise<string | undefined> {
  return (await known)?.pool.metadata.name;
}

describe("a pool", () => {
  beforeEach(() => {
    store.put(poolOf("lan", [V4, V6]));
  });

  test("is read once, however many calls need it at once", async () => {
    const found = await Promise.all([1, 2, 3].map(() => nameOf(cache.get("lan", never()))));
    expect(found).toEqual(["lan", "lan", "lan"]);
    expect(calls()).toEqual(["get lan"]);
  });

  test("is trusted for 10 s and not a moment longer", async () => {
    await cache.get("lan", never());
    await clock.advance(9_999);
    await cache.get("lan", never());
    expect(calls()).toEqual(["get lan"]);
    await clock.advance(2);
    await cache.get("lan", never());
    expect(calls()).toEqual(["get lan"]);
  });

  test("keeps its range sets for as long as it has the same version", async () => {
    const first = await cache.get("lan", never());
    await clock.advance(11_000);
    const second = await cache.get("lan", never());
    expect(second?.rangeSets()).toBe(first?.rangeSets());
    expect(first?.rangeSets().map(({ family }) => family)).toEqual([4, 6]);
  });

  test("has new range sets once it is edited", async () => {
    const first = await cache.get("lan", never());
    store.put(poolOf("lan", ["10.0.1.0/24"]));
    await clock.advance(10_001);
    const second = await cache.get("lan", never());
    expect(second?.rangeSets()).not.toBe(first?.rangeSets());
    expect(second?.rangeSets().map(({ addresses }) => addresses.size)).toEqual([254n]);
  });

  test("made again under its name is another pool", async () => {
    const first = await cache.get("lan", never());
    store.remove("lan");
    store.put(poolOf("lan", [V4, V6]));
    await clock.advance(10_001);
    expect((await cache.get("lan", never()))?.rangeSets()).not.toBe(first?.rangeSets());
  });

  test("made again is another pool also where the server counts versions anew, as after a restored backup", async () => {
    const uids = ["first", "second"];
    const restored: PoolStore = {
      get: () =>
        Promise.resolve({
          ...poolOf("lan", [V4]),
          metadata: { name: "lan", uid: uids.shift() ?? "", resourceVersion: "7" },
        }),
      list: () => Promise.resolve({ pools: [], unreadable: [] }),
      create: (pool) => Promise.resolve(pool),
    };
    const other = new PoolCache(restored, new TickingClock(clock), lines.log);
    const first = await other.get("lan", never());
    await clock.advance(10_001);
    expect((await other.get("lan", never()))?.rangeSets()).not.toBe(first?.rangeSets());
  });

  test("is an error where it cannot be read anew in time", async () => {
    await cache.get("lan", never());
    await clock.advance(10_001);
    store.faults.goAway();
    const deadline = new AbortController();
    const reading = cache.get("lan", deadline.signal);
    deadline.abort(new IpamError("apiserver-unreachable", "too late"));
    await expect(reading).rejects.toMatchObject({ code: "apiserver-unreachable" });
  });

  test.each([
    ["an unserved field", poolOf("bad", [V4], { coolDownSeconds: 30 }), "spec.coolDownSeconds"],
    [
      "a route with host bits",
      poolOf("bad", [V4], { routes: [{ dst: "10.9.0.1/16" }] }),
      "pool bad: routes[0]: route 10.9.0.1/16",
    ],
    [
      "a start after its end",
      poolOf("bad", [], { ranges: [{ subnet: V6, start: "fd00::9", end: "fd00::1", assign: "Any" }] }),
      "start",
    ],
  ])("with %s is an error of the call that would be served from it", async (_, pool, fragment) => {
    store.put(pool);
    const known = await cache.get("bad", never());
    const refusal = expect.objectContaining({ code: "bad-config", message: expect.stringContaining(fragment) });
    expect(() => known?.rangeSets()).toThrow(refusal);
  });
});

describe("in the background", () => {
  beforeEach(() => {
    store.put(poolOf("lan", [V4]));
    void refreshUntil([cache], clock, ended.signal);
  });

  test("nothing is asked of the server while no pool is in use", async () => {
    await clock.advance(120_000);
    expect(calls()).toEqual([]);
  });

  test("a pool in use is read every 5 s, so that no call waits for it", async () => {
    await cache.get("lan", never());
    expect(calls()).toEqual(["get lan"]);
    await clock.advance(20_000);
    expect(calls()).toEqual(["get lan", "get lan", "get lan", "get lan"]);
    await cache.get("lan", never());
    expect(calls()).toEqual([]);
  });

  test("a pool that served no call for 30 s is left alone", async () => {
    await cache.get("lan", never());
    await clock.advance(35_000);
    calls();
    await clock.advance(600_000);
    expect(calls()).toEqual([]);
  });

  test("a pool that is there is found 5 s after it was missing, while it is asked for", async () => {
    expect(await cache.get("wan", never())).toBeUndefined();
    store.put(poolOf("wan", [V6]));
    await clock.advance(5_000);
    calls();
    expect(await nameOf(cache.get("wan", never()))).toBe("wan");
    expect(calls()).toEqual([]);
  });

  test("a default pool in use is refreshed too", async () => {
    store.put(markedDefault(poolOf("standard", [V4])));
    await cache.getOrDefault("unknown", never());
    calls();
    await clock.advance(5_000);
    expect(calls().toSorted()).toEqual(["get unknown", "list"]);
  });

  test("a refresh that fails ends nothing: the next call reads for itself", async () => {
    await cache.get("lan", never());
    store.faults.failReads("get", REFUSED, REFUSED, REFUSED);
    await clock.advance(11_000);
    await expect(cache.get("lan", never())).rejects.toMatchObject({ code: "apiserver-refused" });
    expect(await nameOf(cache.get("lan", never()))).toBe("lan");
    await clock.advance(5_000);
    calls();
    await cache.get("lan", never());
    expect(calls()).toEqual([]);
  });
});

describe("a pool that does not exist", () => {
  test("is looked up anew by each call that names it, once", async () => {
    const answered = Promise.withResolvers<void>();
    store.faults.failReads("get", { kind: "held", until: answered.promise });
    const first = cache.get("lan", never());
    await clock.advance(100);
    answered.resolve();
    expect(await first).toBeUndefined();
    expect(calls()).toEqual(["get lan"]);
    await clock.advance(100);
    store.put(poolOf("lan", [V4]));
    expect(await nameOf(cache.get("lan", never()))).toBe("lan");
    expect(calls()).toEqual(["get lan"]);
  });

  test("costs a network that the default pool serves no read at each call", async () => {
    store.put(markedDefault(poolOf("standard", [V4])));
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("standard");
    expect(calls()).toEqual(["get lan", "list"]);
    await clock.advance(9_000);
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("standard");
    expect(calls()).toEqual([]);
  });
});

describe("the pool of a network", () => {
  test("is the one of its name, before the default", async () => {
    store.put(markedDefault(poolOf("standard", [V4])));
    store.put(poolOf("lan", [V6]));
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("lan");
    expect(calls()).toEqual(["get lan"]);
  });

  test("is the one of its name within 10 s after that was made", async () => {
    store.put(markedDefault(poolOf("standard", [V4])));
    await cache.getOrDefault("lan", never());
    store.put(poolOf("lan", [V6]));
    await clock.advance(10_001);
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("lan");
  });

  test("is said to be missing only after both have been looked for during the call", async () => {
    expect(await cache.getOrDefault("lan", never())).toBeUndefined();
    await clock.advance(1_000);
    calls();
    expect(await cache.getOrDefault("lan", never())).toBeUndefined();
    expect(calls()).toEqual(["get lan", "list"]);
    await clock.advance(1_000);
    store.put(markedDefault(poolOf("standard", [V4])));
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("standard");
    store.put(poolOf("wan", [V6]));
    expect(await nameOf(cache.getOrDefault("wan", never()))).toBe("wan");
  });

  test("is not the one whose annotation says false", async () => {
    store.put(marked("false"));
    expect(await cache.getOrDefault("lan", never())).toBeUndefined();
  });

  test("is an error where none is the default, and an annotation says neither true nor false", async () => {
    store.put(marked("yes"));
    const message = `no pool is the default: the annotation ${DEFAULT_POOL_ANNOTATION} of pool standard is "yes": write "true"`;
    await expect(cache.getOrDefault("lan", never())).rejects.toMatchObject({
      code: "bad-config",
      message: expect.stringContaining(message),
    });
    // Not of those that have a pool of their own, and not for longer than it is true.
    store.put(poolOf("lan", [V6]));
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("lan");
    store.put(markedDefault(poolOf("other", [V4])));
    expect(await nameOf(cache.getOrDefault("wan", never()))).toBe("other");
  });

  function marked(mark: string): IPPool {
    const pool = poolOf("standard", [V4]);
    return { ...pool, metadata: { ...pool.metadata, annotations: { [DEFAULT_POOL_ANNOTATION]: mark } } };
  }

  test("is an error that names both where two are the default, until one is not", async () => {
    store.put(markedDefault(poolOf("a", [V4])));
    store.put(markedDefault(poolOf("b", [V6])));
    const message = `pools a and b both have the annotation ${DEFAULT_POOL_ANNOTATION}: keep it on one`;
    await expect(cache.getOrDefault("lan", never())).rejects.toMatchObject({ code: "bad-config", message });
    store.remove("b");
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("a");
  });

  test("keeps its range sets while the default has the same version", async () => {
    store.put(markedDefault(poolOf("standard", [V4])));
    const first = await cache.getOrDefault("lan", never());
    await clock.advance(10_001);
    const second = await cache.getOrDefault("lan", never());
    expect(second?.rangeSets()).toBe(first?.rangeSets());
  });
});

describe("an inline pool", () => {
  const draft = poolOf("lan-0123456789", [V4, V6]);

  test("is made where there is none, and found from then on", async () => {
    expect(await nameOf(cache.getOrCreate(draft, never()))).toBe("lan-0123456789");
    expect(calls()).toEqual(["get lan-0123456789", "create lan-0123456789", "get lan-0123456789"]);
    await cache.getOrCreate(draft, never());
    expect(calls()).toEqual([]);
  });

  test("is the one that another node has made meanwhile", async () => {
    expect(await cache.get("lan-0123456789", never())).toBeUndefined();
    const theirs = store.put(draft);
    expect((await cache.getOrCreate(draft, never())).pool.metadata.uid).toBe(theirs.metadata.uid);
  });

  test("is made again once it is seen to be deleted", async () => {
    const first = await cache.getOrCreate(draft, never());
    store.remove("lan-0123456789");
    await clock.advance(10_001);
    const second = await cache.getOrCreate(draft, never());
    expect(second.pool.metadata.uid).not.toBe(first.pool.metadata.uid);
    expect(await nameOf(cache.get("lan-0123456789", never()))).toBe("lan-0123456789");
  });

  test("that is deleted as soon as it is made is an error, not a loop", async () => {
    const vanishing: PoolStore = {
      get: () => Promise.resolve(undefined),
      list: () => Promise.resolve({ pools: [], unreadable: [] }),
      create: (pool) => Promise.resolve(pool),
    };
    const making = new PoolCache(vanishing, new TickingClock(clock), lines.log).getOrCreate(draft, never());
    await expect(making).rejects.toMatchObject({ code: "no-pool" });
  });
});

describe("a pool that cannot be read", () => {
  test("keeps no network from the default pool, and is logged once while it is there", async () => {
    store.put(markedDefault(poolOf("standard", [V4])));
    store.unreadable.push(unreadable("newer"));
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("standard");
    await clock.advance(11_000);
    expect(await nameOf(cache.getOrDefault("lan", never()))).toBe("standard");
    const logged = lines.with("pool cannot be read and is left out");
    expect(logged).toMatchObject([{ pool: "newer", err: { message: "pool newer cannot be used: spec" } }]);
  });

  test("is the error of the networks that it would serve as the default", async () => {
    store.unreadable.push(unreadable("newer", { [DEFAULT_POOL_ANNOTATION]: "true" }));
    await expect(cache.getOrDefault("lan", never())).rejects.toThrow("pool newer cannot be used");
  });
});

function unreadable(name: string, annotations: Readonly<Record<string, string>> = {}): UnreadablePool {
  return { metadata: { name, annotations }, error: new IpamError("bad-config", `pool ${name} cannot be used: spec`) };
}

describe("the pools that overlap a range set", () => {
  test("are those of its address space that share an address with it, its own first, and none at all", async () => {
    store.put(poolOf("lan", [V4, V6]));
    store.put(poolOf("inside", [], { ranges: [{ subnet: V4, start: "10.0.0.200", assign: "Any" }] }));
    store.put(poolOf("beside", ["10.0.1.0/24"]));
    store.put(poolOf("elsewhere", [V4], { addressSpace: "blue" }));
    store.put(poolOf("six", ["fd00::/80"]));
    const sets = (await cache.get("lan", never()))?.rangeSets() ?? [];
    const names = await Promise.all(sets.map((set) => cache.overlapping(set, never())));
    expect(names).toEqual([
      ["lan", "", "inside"],
      ["lan", "", "six"],
    ]);
  });

  test("include one that cannot be read: it may have handed addresses out before", async () => {
    store.put(poolOf("lan", [V4]));
    store.put(poolOf("broken", [], { ranges: [{ subnet: V6, start: "fd00::9", end: "fd00::1", assign: "Any" }] }));
    const [set] = (await cache.get("lan", never()))?.rangeSets() ?? [];
    if (set === undefined) throw new Error("the pool has no range set");
    store.unreadable.push(unreadable("newer"));
    expect(await cache.overlapping(set, never())).toEqual(["lan", "", "broken", "newer"]);
  });
});
