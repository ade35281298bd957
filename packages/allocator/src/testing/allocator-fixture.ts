import type { IPLease } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { allocate } from "../allocate.ts";
import type { AllocatorDeps, Claim } from "../allocation.ts";
import { BusyNames } from "../busy-names.ts";
import type { Claimant } from "../claimant.ts";
import type { HolderState } from "../holder-state.ts";
import type { Origin } from "../lease-end.ts";
import { OccupancyHints } from "../occupancy-hints.ts";
import type { SearchStrategy } from "../strategies/search.ts";
import { FakeClock } from "./fake-clock.ts";
import { GivenBlocks } from "./given-blocks.ts";
import { MemoryLeaseStore } from "./memory-lease-store.ts";
import { rangeSetOf } from "./range-set-of.ts";
import { ScriptedKeeping } from "./scripted-keeping.ts";
import { seededRandom } from "./seeded-random.ts";

/** Who asks, but for what a test says. */
const CLAIMANT: Claimant = {
  network: "lan",
  containerID: "c2",
  ifName: "net1",
  node: "n1",
  pod: { namespace: "shop", name: "web-0", uid: "u1" },
  sandbox: undefined,
  call: { bootID: "b", startedAtNs: 2_000n },
};

/** An allocator over a store in memory, with time that passes by itself, and records of what it leaves to others. */
export class AllocatorFixture {
  readonly store: MemoryLeaseStore = new MemoryLeaseStore();
  readonly clock: FakeClock = new FakeClock({ isAutomatic: true });
  /** Ends every call of the fixture. */
  readonly controller: AbortController = new AbortController();
  readonly keeping: ScriptedKeeping = new ScriptedKeeping();
  readonly givenBack: IPLease[] = [];
  /** What each lease that was given back had been before. */
  readonly origins: Origin[] = [];
  readonly rechecked: IPLease[] = [];
  readonly recheckedOrigins: Origin[] = [];
  /** Names of the pools that overlap every set. */
  overlapping: readonly string[] = ["lab"];
  /** What the cluster says of every holder. */
  holderState: HolderState = { pod: "there", node: "Ready" };
  /** Containers whose sandboxes are gone. */
  goneContainers: readonly string[] = [];
  /** The node's blocks. */
  blocks: GivenBlocks = new GivenBlocks();
  readonly busy: BusyNames = new BusyNames(this.clock);
  readonly #hints = new OccupancyHints({
    leases: this.store,
    poolsOverlapping: () => Promise.resolve(this.overlapping),
    clock: this.clock,
  });

  /** Allocates for the claimant; `known` are the leases that the node knows as its own. */
  async take(
    claims: readonly Claim[],
    who: Partial<Claimant> = {},
    known: readonly IPLease[] = [],
  ): Promise<IPLease[]> {
    const { clock, controller } = this;
    using hold = this.busy.open();
    const call = { claimant: { ...CLAIMANT, ...who }, startedAtMs: clock.nowMs(), signal: controller.signal, hold };
    return await allocate(claims, call, this.#deps(known));
  }

  /** Operations of the store so far, in order. */
  get operations(): string[] {
    return this.store.faults.calls.map(({ operation }) => operation);
  }

  /** Puts `draft` into the store, as somebody else's call would have; no operation. */
  async put(draft: IPLease): Promise<IPLease> {
    const outcome = await this.store.create(draft);
    this.store.faults.calls.pop();
    if (outcome.kind !== "created") throw new Error(`${draft.metadata.name} is ${outcome.kind}`);
    return outcome.lease;
  }

  /** Deletes `lease`. */
  async remove({ metadata }: IPLease): Promise<void> {
    const { name, uid = "", resourceVersion = "" } = metadata;
    await this.store.delete({ name, uid, resourceVersion });
  }

  /** Resolves once an operation of that kind has begun. */
  async begun(operation: string): Promise<void> {
    for (let round = 0; !this.operations.includes(operation); round += 1) {
      if (round > 1_000) throw new Error(`there never was a ${operation}`);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  #deps(known: readonly IPLease[]): AllocatorDeps {
    return {
      store: this.store,
      clock: this.clock,
      random: seededRandom(1),
      hints: this.#hints,
      own: {
        byName: (name) => known.find(({ metadata }) => metadata.name === name),
        byHolder: (holder) => known.filter(({ spec }) => spec.holder === holder),
        drop: () => undefined,
        isSandboxGone: ({ spec }) => this.goneContainers.includes(spec.containerID),
      },
      keeping: this.keeping,
      busy: this.busy,
      blocks: this.blocks,
      holders: { look: () => Promise.resolve(this.holderState) },
      leftovers: {
        giveBack: async (lease, origin) => {
          this.givenBack.push(lease);
          this.origins.push(origin);
          await this.remove(lease);
        },
        recheck: (lease, origin) => {
          this.rechecked.push(lease);
          this.recheckedOrigins.push(origin);
        },
      },
    };
  }
}

/** A claim for any address of `subnet`. */
export function anyOf(subnet: string, strategy: SearchStrategy = "Spread"): Claim {
  return { set: rangeSetOf(subnet), fixed: undefined, strategy };
}

/** A claim for the address `text` of `subnet`. */
export function fixedOf(subnet: string, text: string): Claim {
  const fixed = parseAddress(text);
  if (fixed === undefined) throw new RangeError(`${text} is not an address`);
  return { set: rangeSetOf(subnet), fixed, strategy: "Spread" };
}
