import { attachedLease, FakeClock, MemoryBlockStore, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import { API_VERSION, INLINE_LABEL, type IPPool, IPPoolSchema, type NodeState } from "@cluster-ipam/api";
import type { KubeEvent } from "@cluster-ipam/kube";
import { createLogger } from "@cluster-ipam/telemetry";
import { beforeEach, describe, expect, test } from "vitest";
import { leaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { PoolTable } from "../pools/pool-table.ts";
import { poolOf } from "../testing/facts.ts";
import { runForTest } from "../testing/running-concern.ts";
import { GarbageConcern, type GarbageSettings } from "./garbage-concern.ts";

const OFF: NodeState = { isReady: false, isOutOfService: true };
const READY: NodeState = { isReady: true, isOutOfService: false };
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SETTINGS: GarbageSettings = { mode: "on", maxPercent: 30, inlinePoolIdleMs: HOUR_MS };

let clock: FakeClock;
let store: MemoryLeaseStore;
let leases: LeaseTable;
let pools: PoolTable;
let node: NodeState | undefined;
let tellNodeSeen: (name: string) => void;
let nodeReads: number;
let nodeFailure: Error | undefined;
let events: KubeEvent[];
let counted: string[];
let isBraked: boolean | undefined;
let held: ReadonlyMap<string, string> | undefined;
let undecided: readonly string[] | undefined;

beforeEach(() => {
  clock = new FakeClock();
  store = new MemoryLeaseStore();
  leases = new LeaseTable();
  pools = new PoolTable(() => ({ sets: [], fault: undefined }));
  node = OFF;
  tellNodeSeen = () => undefined;
  nodeReads = 0;
  nodeFailure = undefined;
  events = [];
  counted = [];
  isBraked = undefined;
  held = undefined;
  undecided = undefined;
});

/** @returns ends it */
function start(settings: Partial<GarbageSettings> = {}): () => Promise<void> {
  const concern = new GarbageConcern(
    {
      leases,
      pools,
      blocks: () => [],
      node: () => node,
      onNodeSeen: (seen) => {
        tellNodeSeen = seen;
      },
    },
    {
      ...SETTINGS,
      ...settings,
      clock,
      leases: store,
      blocks: new MemoryBlockStore(),
      pools: {
        delete: ({ name }) => {
          pools.delete(name);
          return Promise.resolve({ kind: "deleted" });
        },
      },
      pods: { get: () => Promise.resolve(undefined) },
      nodes: {
        read: () => {
          nodeReads += 1;
          return nodeFailure === undefined ? Promise.resolve(node) : Promise.reject(nodeFailure);
        },
      },
      events: { tell: (event) => void events.push(event) },
      meter: {
        garbageFound: (kind, reason, isDryRun) => void counted.push(`${kind} ${reason}${isDryRun ? " dry" : ""}`),
        garbageRoundEnded: (outcome) => void counted.push(outcome),
        garbageBraked: (now) => {
          isBraked = now;
        },
      },
      onHeld: (look) => {
        held = look.messages;
        undecided = [...look.undecided];
      },
      date: () => new Date(0),
      log: createLogger({}, "silent", { write: () => undefined }),
    },
  );
  return runForTest(concern);
}

async function put(count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    const created = await store.create(attachedLease(`10.0.0.${number}`, { node: "n1" }));
    const fact = created.kind === "created" ? leaseFact(created.lease) : undefined;
    if (fact !== undefined) leases.set(fact);
  }
}

test("it looks at once and every 30 s, and tells of each lease that it gives back", async () => {
  await put(1);
  start();
  await clock.advance(1_000);
  expect(store.snapshot()).toEqual([]);
  expect(counted).toEqual(["lease node-out-of-service", "done"]);
  expect(events).toMatchObject([
    {
      regarding: { kind: "IPLease", name: "10.0.0.1", namespace: "" },
      type: "Normal",
      reason: "LostNodeLeaseReleased",
      note:
        "10.0.0.1 was given back: node n1 is NotReady and tainted node.kubernetes.io/out-of-service, and its pod " +
        "default/web-0 is gone",
    },
  ]);
  leases.delete("10.0.0.1");
  await clock.advance(28_000);
  expect(counted).toHaveLength(2);
  await clock.advance(2_000);
  expect(counted.slice(2)).toEqual(["done"]);
});

test("ten leases a second go at most", async () => {
  await put(30);
  start();
  await clock.advance(999);
  expect(store.snapshot()).toHaveLength(20);
  await clock.advance(1_000);
  expect(store.snapshot()).toHaveLength(10);
});

test("switched off it asks and counts nothing", async () => {
  await put(1);
  start({ mode: "off" });
  await clock.advance(HOUR_MS);
  expect([store.snapshot().length, nodeReads, counted]).toEqual([1, 0, []]);
});

test("a dry run counts apart, tells no event and writes nothing", async () => {
  await put(1);
  start({ mode: "dry-run" });
  await clock.advance(60_000);
  expect(store.snapshot()).toHaveLength(1);
  expect(events).toEqual([]);
  expect(counted.filter((each) => each !== "done")).toEqual(["lease node-out-of-service dry"]);
});

test("while the brake holds a gauge and the pools say so, until it does not, or the term is over", async () => {
  await put(101);
  const end = start();
  await clock.advance(1_000);
  expect(counted).toEqual(["braked"]);
  expect(isBraked).toBe(true);
  expect(events).toMatchObject([{ type: "Warning", reason: "GarbageBraked", regarding: { kind: "Node", name: "n1" } }]);
  expect([...(held ?? [])]).toEqual([["pool-a", expect.stringContaining("101 of its leases are not given back")]]);
  node = READY;
  await clock.advance(30_000);
  expect(isBraked).toBe(false);
  expect(held?.size).toBe(0);
  node = OFF;
  await clock.advance(30_000);
  expect(isBraked).toBe(true);
  await end();
  expect(isBraked).toBe(false);
  expect(store.snapshot()).toHaveLength(101);
});

test("a node that is back between two looks, however short, is counted anew", async () => {
  await put(1);
  node = undefined;
  start();
  await clock.advance(4 * MINUTE_MS);
  tellNodeSeen("n1");
  await clock.advance(4 * MINUTE_MS);
  expect(store.snapshot()).toHaveLength(1);
  await clock.advance(2 * MINUTE_MS);
  expect(store.snapshot()).toEqual([]);
});

test("that another node was seen changes nothing", async () => {
  await put(1);
  node = undefined;
  start();
  await clock.advance(4 * MINUTE_MS);
  tellNodeSeen("n2");
  await clock.advance(2 * MINUTE_MS);
  expect(store.snapshot()).toEqual([]);
});

test("where nodes are lost after less than 30 s it looks as often as that", async () => {
  await put(1);
  node = undefined;
  start({ lostNodeGraceMs: 5_000 });
  await clock.advance(4_000);
  expect(store.snapshot()).toHaveLength(1);
  await clock.advance(2_000);
  expect(store.snapshot()).toEqual([]);
  expect(events).toMatchObject([{ note: expect.stringContaining("does not exist, for 5 seconds at least") }]);
});

test.each([
  ["dry-run", 1_000],
  ["off", 0],
] as const)("in mode %s no pool says that leases are held up, nor goes on saying so", async (mode, ms) => {
  await put(101);
  start({ mode });
  await clock.advance(ms);
  expect(held?.size).toBe(0);
});

test("what is held up is not taken for let go when a round fails", async () => {
  await put(101);
  start();
  await clock.advance(1_000);
  nodeFailure = new Error("no answer");
  await clock.advance(30_000);
  expect(counted).toEqual(["braked", "failed"]);
  expect([held?.size, isBraked]).toEqual([1, true]);
});

test("a round that fails is made again", async () => {
  await put(1);
  nodeFailure = new Error("no answer");
  start();
  await clock.advance(1_000);
  expect(counted).toEqual(["failed"]);
  nodeFailure = undefined;
  await clock.advance(30_000);
  expect(store.snapshot()).toEqual([]);
});

describe("what an earlier leader has held up", () => {
  beforeEach(async () => {
    await put(101);
    pools.set(heldPool("True"));
    node = undefined;
  });

  test("is so until this one can tell which nodes are lost, and then what this one finds", async () => {
    start();
    for (const ms of [1_000, 4 * MINUTE_MS, 58_000]) {
      await clock.advance(ms);
      expect([undecided, held?.size, isBraked]).toEqual([["pool-a"], 0, true]);
    }
    await clock.advance(31_000);
    expect([undecided, held?.size, isBraked]).toEqual([[], 1, true]);
  });

  test("is not any more once the nodes are back", async () => {
    start();
    await clock.advance(1_000);
    expect([undecided, isBraked]).toEqual([["pool-a"], true]);
    node = READY;
    await clock.advance(30_000);
    expect([undecided, held?.size, isBraked]).toEqual([[], 0, false]);
  });

  test("is not spoken of by a node that goes missing later", async () => {
    node = READY;
    start();
    await clock.advance(1_000);
    node = undefined;
    await clock.advance(MINUTE_MS);
    expect([undecided, isBraked]).toEqual([[], false]);
  });

  test("raises no gauge where no pool says so, nor in a dry run", async () => {
    pools.set(heldPool("False"));
    start();
    await clock.advance(1_000);
    expect([undecided, isBraked]).toEqual([["pool-a"], false]);
    pools.set(heldPool("True"));
    start({ mode: "dry-run" });
    await clock.advance(1_000);
    expect([undecided, isBraked]).toEqual([[], false]);
  });

  test("is so, too, after a first look that failed", async () => {
    node = OFF;
    nodeFailure = new Error("no answer");
    start();
    await clock.advance(1_000);
    expect([counted, undecided, isBraked]).toEqual([["failed"], undefined, undefined]);
    nodeFailure = undefined;
    node = undefined;
    await clock.advance(30_000);
    expect([undecided, isBraked]).toEqual([["pool-a"], true]);
  });

  function heldPool(status: "True" | "False"): IPPool {
    const text = { reason: "TooMuchAtOnce", message: "101 of its leases", lastTransitionTime: "2026-01-01T00:00:00Z" };
    const conditions = [{ type: "GarbageHeld", status, ...text }];
    return { ...poolOf({ name: "pool-a" }, [{ subnet: "10.0.0.0/24" }]), status: { conditions } };
  }
});

test.each([
  [HOUR_MS, []],
  [undefined, ["lan-1"]],
])("an inline pool without a lease for %s ms goes, or never does", async (inlinePoolIdleMs, left) => {
  const metadata = { name: "lan-1", uid: "u1", resourceVersion: "7", labels: { [INLINE_LABEL]: "true" } };
  const spec = { ranges: [{ subnet: "10.0.0.0/24" }] };
  pools.set(IPPoolSchema.parse({ apiVersion: API_VERSION, kind: "IPPool", metadata, spec }));
  start({ inlinePoolIdleMs });
  await clock.advance(HOUR_MS - 31_000);
  expect([...pools.names()]).toEqual(["lan-1"]);
  await clock.advance(62_000);
  expect([...pools.names()]).toEqual(left);
  const notes = events.map(({ note }) => note);
  const told = "pool lan-1 was removed: made of inline ranges, and without a lease for 1 h";
  expect(notes).toEqual(left.length === 0 ? [told] : []);
});
