import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { allocate } from "./allocate.ts";
import type { Claim } from "./allocation.ts";
import { type Claimant, draftLease, isHeldBy } from "./claimant.ts";
import type { Clock, Random } from "./clock.ts";
import type { RangeSet } from "./range-set.ts";
import { AllocatingNode } from "./testing/allocating-node.ts";
import { FakeClock, MemoryLeaseStore, seededRandom } from "./testing/index.ts";
import { rangeSetOf } from "./testing/range-set-of.ts";
import { UnreliableStore } from "./testing/unreliable-store.ts";

const NODES = ["n1", "n2", "n3"];
/** What a call may end with when the store fails, is full, or the call is cancelled. */
const EXPECTED_CODES = ["pool-exhausted", "address-taken", "apiserver-refused", "apiserver-unreachable", "cancelled"];

/** One run: everything that chance decides comes from the seed. */
interface Plan {
  readonly seed: number;
  readonly pods: number;
  /** Share of writes that go wrong. */
  readonly faultShare: number;
  /** Share of calls that are cancelled on the way. */
  readonly cancelShare: number;
  /** Share of pods that are deleted again, and of those that get a second sandbox. */
  readonly churnShare: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  pods: fc.integer({ min: 2, max: 14 }),
  faultShare: fc.constantFrom(0, 0.1, 0.4),
  cancelShare: fc.constantFrom(0, 0.2),
  churnShare: fc.constantFrom(0, 0.4),
});

test("no interleaving gives an address two holders, and what failed leaves nothing", { timeout: 60_000 }, async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(plan, async (chosen) => {
      const world = new World(chosen);
      await world.run();
      for (const { outcome } of world.calls) seen.add(outcome instanceof IpamError ? outcome.code : outcome.kind);
      expectOneHolderEach(world);
      expectNothingLeft(world);
    }),
    { numRuns: 250 },
  );
  // The runs must have met what they are about.
  expect([...seen]).toEqual(
    expect.arrayContaining(["held", "deleted", "pool-exhausted", "address-taken", "cancelled"]),
  );
});

test("without faults a pool serves exactly as many as it holds, whoever comes first", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 16 }), async (seed, pods) => {
      const world = new World({ seed, pods, faultShare: 0, cancelShare: 0, churnShare: 0 }, ["any"]);
      await world.run();
      const held = world.calls.filter(({ outcome }) => !(outcome instanceof IpamError));
      expect(held).toHaveLength(Math.min(pods, 6));
      const refused = world.calls.flatMap(({ outcome }) => (outcome instanceof IpamError ? [outcome.message] : []));
      expect(new Set(refused).size).toBeLessThanOrEqual(1);
      if (pods > 6) expect(refused[0]).toMatch(/^pool lab is full: 6 used of a capacity of 6 /);
      expectNothingLeft(world);
    }),
    { numRuns: 100 },
  );
});

type Outcome = { kind: "held" | "deleted"; readonly leases: readonly IPLease[] } | IpamError;

/** One ADD of one sandbox, and what became of it. */
interface Call {
  readonly claimant: Claimant;
  readonly outcome: Outcome;
  /** Whether a later sandbox of the pod may have taken over what it had. */
  readonly isSuperseded: boolean;
}

/** Kinds of pods: what they ask for, and what they or others have left behind. */
const KINDS = ["any", "dual-stack", "fixed", "twin", "restarted", "after-crash"] as const;
type Kind = (typeof KINDS)[number];

/** Three nodes, one store, a pool of six IPv4 and seven IPv6 addresses, and pods that all come at once. */
class World {
  readonly memory: MemoryLeaseStore;
  readonly calls: Call[] = [];
  readonly strangers: IPLease[] = [];
  readonly #plan: Plan;
  readonly #kinds: readonly Kind[];
  readonly #random: Random;
  readonly #store: UnreliableStore;
  readonly #nodes: ReadonlyMap<string, AllocatingNode>;
  readonly #sets: { readonly v4: RangeSet; readonly v6: RangeSet };

  constructor(chosen: Plan, kinds: readonly Kind[] = KINDS) {
    this.#plan = chosen;
    this.#kinds = kinds;
    this.#random = seededRandom(chosen.seed);
    this.memory = new MemoryLeaseStore(() => ticks(this.#below(3)));
    this.#store = new UnreliableStore(this.memory, this.#random, chosen.faultShare);
    const clock = tickingClock();
    const nodes = NODES.map((node): [string, AllocatingNode] => [
      node,
      new AllocatingNode(this.#store, clock, this.#random),
    ]);
    this.#nodes = new Map(nodes);
    this.#sets = { v4: rangeSetOf("10.0.0.0/29"), v6: rangeSetOf("fd00::/125") };
  }

  async run(): Promise<void> {
    const pods = Array.from({ length: this.#plan.pods }, (_, index) => this.#prepare(index));
    await Promise.all((await Promise.all(pods)).map((live) => live()));
    await this.#store.landAll();
    for (const node of this.#nodes.values()) await node.settle(this.memory);
  }

  /** Puts down what the pod finds when it comes; gives what it does then. */
  async #prepare(index: number): Promise<() => Promise<void>> {
    const kind = this.#kinds[index % this.#kinds.length] ?? "any";
    const name = NODES[this.#below(NODES.length)] ?? "n1";
    const node = this.#nodeOf(name);
    const claimant = claimantOf(`pod-${index}`, name);
    if (kind === "restarted") await this.#leave(sandboxOf(claimant, "old", 1_000n), node);
    if (kind === "after-crash") await this.#leave(claimantOf(`gone-${index}`, name), node);
    const claims = this.#claimsOf(kind);
    return async () => {
      await ticks(this.#below(12));
      await this.#live(claims, claimant, node);
    };
  }

  async #live(claims: readonly Claim[], claimant: Claimant, node: AllocatingNode): Promise<void> {
    const outcome = await this.#add(claims, claimant, node);
    const hasSecond = this.#happens(this.#plan.churnShare);
    this.calls.push({ claimant, outcome, isSuperseded: hasSecond });
    const ending = this.#happens(this.#plan.churnShare) ? this.#delete(outcome, claimant, node) : undefined;
    if (hasSecond) {
      const second = sandboxOf(claimant, "2", 3_000n);
      this.calls.push({ claimant: second, outcome: await this.#add(claims, second, node), isSuperseded: false });
    }
    await ending;
  }

  async #add(claims: readonly Claim[], claimant: Claimant, node: AllocatingNode): Promise<Outcome> {
    const controller = new AbortController();
    const cancelled = new IpamError("cancelled", "overtaken by a DEL");
    if (this.#happens(this.#plan.cancelShare)) void ticks(this.#below(30)).then(() => controller.abort(cancelled));
    using hold = node.deps.busy.open();
    try {
      const leases = await allocate(
        claims,
        { claimant, startedAtMs: node.deps.clock.nowMs(), signal: controller.signal, hold },
        node.deps,
      );
      node.remember(leases);
      return { kind: "held", leases };
    } catch (error) {
      if (error instanceof IpamError && EXPECTED_CODES.includes(error.code)) return error;
      throw error;
    }
  }

  async #delete(outcome: Outcome, claimant: Claimant, node: AllocatingNode): Promise<void> {
    if (outcome instanceof IpamError) return;
    outcome.kind = "deleted";
    await ticks(this.#below(8));
    for (const lease of outcome.leases) await node.release(lease, claimant);
  }

  /** An address that `former` holds, and that its node knows of. */
  async #leave(former: Claimant, home: AllocatingNode): Promise<void> {
    const address = { family: 4, value: 0x0a000001n + BigInt(this.#below(6)) } as const;
    const created = await this.memory.create(draftLease(former, this.#sets.v4, address));
    if (created.kind !== "created") return;
    home.remember([created.lease]);
    this.strangers.push(created.lease);
  }

  #claimsOf(kind: Kind): Claim[] {
    const { v4, v6 } = this.#sets;
    const fixed = { family: 4, value: 0x0a000001n + BigInt(this.#below(6)) } as const;
    // Two networks may share a pool, and look for addresses in two ways.
    const strategy = this.#below(2) === 0 ? "Spread" : "Sequential";
    if (kind === "fixed") return [{ set: v4, fixed, strategy }];
    if (kind === "dual-stack") return [v4, v6].map((set) => ({ set, fixed: undefined, strategy }));
    // Two addresses of one set: the second must not take what the first has.
    if (kind === "twin") return [undefined, fixed].map((wanted) => ({ set: v4, fixed: wanted, strategy }));
    return [{ set: v4, fixed: undefined, strategy }];
  }

  #nodeOf(name: string): AllocatingNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #happens(share: number): boolean {
    return this.#random() < share;
  }
}

function expectOneHolderEach({ calls }: World): void {
  const held = calls.filter(
    ({ outcome, isSuperseded }) => !isSuperseded && "kind" in outcome && outcome.kind === "held",
  );
  const addresses = held.flatMap(({ outcome }) =>
    outcome instanceof IpamError ? [] : outcome.leases.map(({ spec }) => spec.address),
  );
  expect(addresses.toSorted()).toEqual([...new Set(addresses)].toSorted());
}

/** The store holds what successful calls hold and what was there before, and nothing else. */
function expectNothingLeft({ calls, memory, strangers }: World): void {
  const there = new Map(memory.snapshot().map((lease) => [lease.metadata.uid, lease]));
  const mayBeThere = new Map(strangers.map((lease) => [lease.metadata.uid, lease.spec.containerID]));
  for (const { claimant, outcome, isSuperseded } of calls) {
    if (outcome instanceof IpamError || outcome.kind === "deleted") continue;
    for (const { metadata } of outcome.leases) {
      const lease = there.get(metadata.uid);
      if (!isSuperseded) expect(lease !== undefined && isHeldBy(lease, claimant)).toBe(true);
      if (lease !== undefined && isHeldBy(lease, claimant)) mayBeThere.set(metadata.uid, claimant.containerID);
    }
  }
  const left = [...there].filter(([uid, { spec }]) => mayBeThere.get(uid) !== spec.containerID);
  expect(left.map(([, { spec }]) => `${spec.address} of ${spec.containerID}`)).toEqual([]);
}

function claimantOf(name: string, node: string): Claimant {
  const pod = { namespace: "shop", name, uid: `uid-of-${name}` };
  const call = { bootID: "b", startedAtNs: 2_000n };
  return { network: "lan", containerID: name, ifName: "net1", node, pod, sandbox: undefined, call };
}

/** Another sandbox of the claimant's pod. */
function sandboxOf(claimant: Claimant, suffix: string, startedAtNs: bigint): Claimant {
  return { ...claimant, containerID: `${claimant.containerID}-${suffix}`, call: { ...claimant.call, startedAtNs } };
}

/** No two moments are the same, as on a real machine. */
function tickingClock(): Clock {
  const time = new FakeClock({ isAutomatic: true });
  let readings = 0;
  return {
    nowMs: () => {
      readings += 1;
      return time.nowMs() + readings / 1_000;
    },
    sleep: (ms, signal) => time.sleep(ms, signal),
  };
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
