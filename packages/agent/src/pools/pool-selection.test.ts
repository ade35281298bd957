import type { AllocationRequest, PoolChoice } from "@cluster-ipam/allocator";
import { FakeClock, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { DEFAULT_POOL_ANNOTATION, INLINE_LABEL, type PoolRange } from "@cluster-ipam/api";
import { beforeEach, describe, expect, test } from "vitest";
import { PoolCache } from "../server-facts/pool-cache.ts";
import { never } from "../testing/agent-world.ts";
import { LogLines } from "../testing/log-lines.ts";
import { poolOf } from "../testing/objects.ts";
import { poolCall } from "../testing/pool-calls.ts";
import { TickingClock } from "../testing/ticking-clock.ts";
import { inlinePool } from "./inline-pool.ts";
import { type PoolSelection, selectPools } from "./pool-selection.ts";

const V4 = "10.0.0.0/24";
const V6 = "fd00::/64";
const RANGE_V4: PoolRange = { subnet: "172.16.1.0/24", assign: "Any" };
const RANGE_V6: PoolRange = { subnet: "fd16::/64", assign: "Any" };

let store: MemoryPoolStore;
let clock: FakeClock;
let pools: PoolCache;

beforeEach(() => {
  store = new MemoryPoolStore();
  clock = new FakeClock();
  pools = new PoolCache(store, new TickingClock(clock), new LogLines().log);
});

function select(choice: PoolChoice, request: Partial<AllocationRequest> = {}): Promise<PoolSelection> {
  const none = { named: [], addressSpace: "", podNumber: undefined, fixed: [], routes: undefined, dns: undefined };
  const whole: AllocationRequest = { choice, ...none, ...request };
  return selectPools(whole, poolCall(pools));
}

function named(...names: readonly string[]): PoolChoice {
  return { kind: "named", names };
}

function inline(...sets: readonly (readonly PoolRange[])[]): PoolChoice {
  return { kind: "inline", sets, strategy: "Spread", index: undefined, nodeBlocks: undefined };
}

function setsOf({ sets }: PoolSelection): string[] {
  return sets.map(({ set }) => `${set.pool} IPv${set.family}`);
}

async function expectRefusal(
  selecting: Promise<unknown>,
  code: string,
  ...fragments: readonly string[]
): Promise<void> {
  const error = await selecting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code });
  for (const fragment of fragments) expect((error as Error).message).toContain(fragment);
}

describe("pools by name", () => {
  test("give one address of each family of each, in the order in which they are named", async () => {
    store.put(poolOf("dual", [V6, V4]));
    store.put(poolOf("six", ["fd01::/64"]));
    expect(setsOf(await select(named("six", "dual")))).toEqual(["six IPv6", "dual IPv4", "dual IPv6"]);
  });

  test("are an error that names the one that does not exist", async () => {
    store.put(poolOf("dual", [V4, V6]));
    await expectRefusal(select(named("dual", "blue")), "no-pool", '"blue"', "does not exist", "kubectl get ippools");
  });

  test("are an error where one is named twice", async () => {
    store.put(poolOf("dual", [V4, V6]));
    await expectRefusal(select(named("dual", "dual")), "bad-config", "pool dual is asked for twice");
  });

  test("are an error where one cannot be served", async () => {
    store.put(poolOf("cool", [V4], { coolDownSeconds: 30 }));
    await expectRefusal(select(named("cool")), "bad-config", "pool cool", "coolDownSeconds");
  });
});

describe("neither pool nor ranges", () => {
  test("means the pool named as the network", async () => {
    store.put(poolOf("lan", [V4]));
    expect(setsOf(await select({ kind: "network" }))).toEqual(["lan IPv4"]);
  });

  test("means the default pool where none is named as the network", async () => {
    const pool = poolOf("standard", [V6]);
    store.put({ ...pool, metadata: { ...pool.metadata, annotations: { [DEFAULT_POOL_ANNOTATION]: "true" } } });
    expect(setsOf(await select({ kind: "network" }))).toEqual(["standard IPv6"]);
  });

  test("is an error that says how to make a pool where there is none at all", async () => {
    const ways = [
      'no pool for network "lan"',
      'create an IPPool named "lan"',
      "ipam.pool",
      `${DEFAULT_POOL_ANNOTATION}=true`,
    ];
    await expectRefusal(select({ kind: "network" }), "no-pool", ...ways);
  });
});

describe("ranges in the ipam section", () => {
  test("become a labelled pool for each set, one address from each", async () => {
    const { sets } = await select(inline([RANGE_V4], [RANGE_V6]));
    expect(sets.map(({ set }) => set.family)).toEqual([4, 6]);
    const { pools: made } = await store.list(never());
    expect(made.map(({ metadata }) => metadata.name).toSorted()).toEqual(sets.map(({ set }) => set.pool).toSorted());
    expect(made.every(({ metadata }) => metadata.labels?.[INLINE_LABEL] === "true")).toBe(true);
  });

  test("find the pool that another node has made of them", async () => {
    const [name] = [inlinePool("lan", [RANGE_V4], "").metadata.name];
    store.put(inlinePool("lan", [RANGE_V4], ""));
    expect(setsOf(await select(inline([RANGE_V4])))).toEqual([`${name} IPv4`]);
    // The list is for pools that serve some nodes or namespaces only.
    expect(store.faults.calls.map(({ operation }) => operation)).toEqual(["list", "get"]);
  });

  test("of two configurations of one network are a pool each, which both serve in turn", async () => {
    const wider: PoolRange = { subnet: "172.16.0.0/16", assign: "Any" };
    const names: string[] = [];
    for (const range of [RANGE_V4, wider, RANGE_V4, wider]) names.push(...setsOf(await select(inline([range]))));
    expect(new Set(names).size).toBe(2);
    expect(names.slice(2)).toEqual(names.slice(0, 2));
    const [set] = (await select(inline([RANGE_V4]))).sets;
    // What either gives, the other knows to be taken.
    expect(set && (await pools.overlapping(set.set, never())).length).toBe(3);
  });

  test("are an error where somebody has edited their pool, also when that was found by the create alone", async () => {
    const draft = inlinePool("lan", [RANGE_V4], "");
    await pools.get(draft.metadata.name, never());
    store.put({ ...draft, spec: { ...draft.spec, ranges: [RANGE_V4, { subnet: "172.16.2.0/24", assign: "Any" }] } });
    await expectRefusal(select(inline([RANGE_V4])), "bad-config", `pool ${draft.metadata.name} has other ranges`);
    expect(store.faults.calls.map(({ operation }) => operation)).toContain("create");
    await expectRefusal(select(inline([RANGE_V4])), "bad-config", `pool ${draft.metadata.name} has other ranges`);
  });

  test("are an error where one set stands twice: it could give one address only", async () => {
    await expectRefusal(select(inline([RANGE_V4], [RANGE_V4])), "bad-config", "is asked for twice");
  });

  test("take no routes and no DNS from their pool, which somebody may have edited", async () => {
    const draft = inlinePool("lan", [RANGE_V4], "");
    store.put({ ...draft, spec: { ...draft.spec, routes: [{ dst: "10.9.0.0/16" }], dns: { domain: "example.org" } } });
    expect(await select(inline([RANGE_V4]))).toMatchObject({ routes: [], dns: undefined });
  });
});

describe("how an address is chosen", () => {
  const strategiesOf = ({ sets }: PoolSelection): unknown[] => sets.map(({ strategy, index }) => [strategy, index]);

  test("is each pool's own rule", async () => {
    const index = { base: "Start", pattern: "rack([0-9]+)" } as const;
    store.put(poolOf("a", [V4, V6], { strategy: "Index", index }));
    store.put(poolOf("b", ["10.1.0.0/24"], { strategy: "Sequential" }));
    expect(strategiesOf(await select(named("a", "b")))).toEqual([
      ["Index", index],
      ["Index", index],
      ["Sequential", undefined],
    ]);
  });

  test("is the section's for its ranges, over one pool whatever it says", async () => {
    const [first, second] = [inline([RANGE_V4]), { ...inline([RANGE_V4]), strategy: "Sequential" }] as const;
    const spread = await select(first);
    const sequential = await select(second);
    expect(strategiesOf(spread)).toEqual([["Spread", undefined]]);
    expect(strategiesOf(sequential)).toEqual([["Sequential", undefined]]);
    // The very same set, so that both go by one occupancy list.
    expect(sequential.sets[0]?.set).toBe(spread.sets[0]?.set);
    expect((await store.list(never())).pools).toHaveLength(1);
  });
});

describe("a section that names its addresses itself", () => {
  test("needs no pool, and asks for none", async () => {
    const routes = [{ dst: "10.9.0.0/16" }];
    expect(await select({ kind: "none" }, { routes })).toEqual({ sets: [], routes, dns: undefined });
    expect(store.faults.calls).toEqual([]);
  });
});

describe("routes and DNS", () => {
  beforeEach(() => {
    store.put(poolOf("a", [V4], { routes: [{ dst: "10.8.0.0/16" }] }));
    store.put(poolOf("b", [V6], { routes: [{ dst: "fd08::/32" }], dns: { nameservers: ["fd00::53"] } }));
  });

  test("are the pools' where the section has none", async () => {
    const { routes, dns } = await select(named("a", "b"));
    expect(routes).toEqual([{ dst: "10.8.0.0/16" }, { dst: "fd08::/32" }]);
    expect(dns).toEqual({ nameservers: ["fd00::53"] });
  });

  test("are the section's where it has them, an empty list of routes included", async () => {
    const dns = { domain: "example.org" };
    expect(await select(named("a", "b"), { routes: [{ dst: "10.7.0.0/16" }], dns })).toMatchObject({
      routes: [{ dst: "10.7.0.0/16" }],
      dns,
    });
    expect(await select(named("a", "b"), { routes: [] })).toMatchObject({ routes: [] });
  });

  test("are an error where two pools have the same route: the kernel would refuse the second", async () => {
    store.put(poolOf("c", ["10.1.0.0/24"], { routes: [{ dst: "10.8.0.0/16" }] }));
    await expectRefusal(select(named("a", "c")), "bad-config", "route 10.8.0.0/16 stands already");
  });
});
