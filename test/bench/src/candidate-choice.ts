import {
  type AllocatorDeps,
  allocate,
  BusyNames,
  type Claim,
  OccupancyHints,
  type RangeSet,
  rangeSetsOf,
} from "@cluster-ipam/allocator";
import { GivenBlocks } from "@cluster-ipam/allocator/testing";
import { API_VERSION, IPPoolSchema, leaseName } from "@cluster-ipam/api";
import { InstantStore } from "./instant-store.ts";
import { median } from "./statistics.ts";

/** Pools in which an address is chosen. Where not all is free, a list from before knows what is taken. */
const POOLS = [
  { title: "an empty /24", subnet: "10.0.0.0/24", freeShare: 1 },
  { title: "an empty /8", subnet: "10.0.0.0/8", freeShare: 1 },
  { title: "an empty IPv6 /32", subnet: "2001:db8::/32", freeShare: 1 },
  { title: "a /16, 99 % full", subnet: "10.0.0.0/16", freeShare: 0.01 },
] as const;

/** Rounds for which the fullest pool has free addresses, and how often all is done: the compiler is done by then. */
const COUNTS = { rounds: 600, warmUpPasses: 5 } as const;
const NEVER = new AbortController().signal;
const US_PER_MS = 1_000;

/** Median microseconds of one choice in each pool. */
export interface ChoiceFigure {
  readonly title: string;
  readonly leases: number;
  readonly us: number;
}

interface Chooser extends Pick<ChoiceFigure, "title" | "leases"> {
  readonly claim: Claim;
  readonly store: InstantStore;
  readonly deps: AllocatorDeps;
  readonly samplesUs: number[];
}

/**
 * How long it takes from a call's claim to the create of a lease of the address that was chosen, in pools of every size:
 * all in turn, round by round, over a store that answers at once.
 */
export async function measureChoice(): Promise<readonly ChoiceFigure[]> {
  for (let pass = 0; pass < COUNTS.warmUpPasses; pass += 1) await measureOnce();
  return measureOnce();
}

async function measureOnce(): Promise<readonly ChoiceFigure[]> {
  const choosers = await Promise.all(POOLS.map(createChooser));
  for (let round = 0; round < COUNTS.rounds; round += 1) {
    for (const { claim, store, deps, samplesUs } of choosers) {
      using hold = deps.busy.open();
      const call = { claimant: claimantOf(round), startedAtMs: deps.clock.nowMs(), signal: NEVER, hold };
      const startedAtMs = performance.now();
      await allocate([claim], call, deps);
      samplesUs.push((store.createAskedAtMs - startedAtMs) * US_PER_MS);
    }
  }
  return choosers.map(({ title, leases, samplesUs }) => ({ title, leases, us: median(samplesUs) }));
}

async function createChooser({ title, subnet, freeShare }: (typeof POOLS)[number]): Promise<Chooser> {
  const set = rangeSetOf(subnet);
  const names = freeShare < 1 ? takenNames(set, freeShare) : [];
  const store = new InstantStore({ names });
  // Stands still, so that a list stays fresh.
  const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };
  const hints = new OccupancyHints({ leases: store, poolsOverlapping: () => Promise.resolve([set.pool]), clock });
  if (names.length > 0) await hints.listedSince(set, 0, NEVER);
  const deps: AllocatorDeps = {
    store,
    hints,
    own: { byName: () => undefined, byHolder: () => [], drop: () => undefined, isSandboxGone: () => false },
    busy: new BusyNames(clock),
    blocks: new GivenBlocks(),
    holders: { look: () => Promise.resolve({ pod: "unknown", node: "unknown" }) },
    keeping: { keepSeconds: () => Promise.resolve(undefined), timestamp: () => "" },
    leftovers: { giveBack: () => Promise.resolve(), recheck: () => undefined },
    clock,
    random: Math.random,
  };
  const claim: Claim = { set, fixed: undefined, strategy: "Spread" };
  return { title, leases: names.length, claim, store, deps, samplesUs: [] };
}

function rangeSetOf(subnet: string): RangeSet {
  const metadata = { name: "bench" };
  const pool = IPPoolSchema.parse({
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata,
    spec: { ranges: [{ subnet }] },
  });
  const [set] = rangeSetsOf(pool);
  if (set === undefined) throw new Error(`${subnet} has no addresses`);
  return set;
}

/** Names of leases of all addresses but a share that lies scattered between them. */
function takenNames({ addresses, addressSpace }: RangeSet, freeShare: number): string[] {
  const step = Math.round(1 / freeShare);
  const offsets = Array.from({ length: Number(addresses.size) }, (_, offset) => offset);
  return offsets
    .filter((offset) => offset % step !== 0)
    .map((offset) => leaseName(addresses.at(BigInt(offset)), addressSpace));
}

function claimantOf(round: number): Parameters<typeof allocate>[1]["claimant"] {
  const name = `pod-${round}`;
  const pod = { namespace: "default", name, uid: name };
  const call = { bootID: "bench", startedAtNs: 1n };
  return { network: "bench", containerID: name, ifName: "net1", node: "bench", pod, sandbox: undefined, call };
}
