import type { IPLease } from "@cluster-ipam/api";
import type { AllocatorDeps } from "../allocation.ts";
import { BusyNames } from "../busy-names.ts";
import { type Claimant, isHeldBy } from "../claimant.ts";
import type { Clock, Random } from "../clock.ts";
import type { EndRules } from "../lease-end.ts";
import type { LeaseStore } from "../lease-store.ts";
import { OccupancyHints } from "../occupancy-hints.ts";
import { endLease, releaseLease } from "../release.ts";
import { GivenBlocks } from "./given-blocks.ts";
import { ScriptedKeeping } from "./scripted-keeping.ts";
import type { UnreliableStore } from "./unreliable-store.ts";

/** Nothing here is given up half-way. */
const NEVER = new AbortController().signal;

/** One node as the allocator sees it: what the agent remembers, and what it has still to release. */
export class AllocatingNode {
  /** What a call on this node allocates with. */
  readonly deps: AllocatorDeps;
  readonly #store: UnreliableStore;
  readonly #own = new Map<string, IPLease>();
  readonly #pending: IPLease[] = [];

  /** A sandbox is gone when its container ID begins with `gone-`. */
  constructor(store: UnreliableStore, clock: Clock, random: Random) {
    this.#store = store;
    this.deps = {
      store,
      clock,
      random,
      hints: new OccupancyHints({ leases: store, poolsOverlapping: () => Promise.resolve(["lab"]), clock }),
      own: {
        byName: (name) => this.#own.get(name),
        byHolder: (holder) => [...this.#own.values()].filter(({ spec }) => spec.holder === holder),
        drop: ({ metadata, spec }) => {
          if (this.#own.get(metadata.name)?.spec.containerID === spec.containerID) this.#own.delete(metadata.name);
        },
        isSandboxGone: ({ spec }) => spec.containerID.startsWith("gone-"),
      },
      keeping: new ScriptedKeeping(),
      busy: new BusyNames(clock),
      blocks: new GivenBlocks(),
      holders: { look: () => Promise.resolve({ pod: "unknown", node: "unknown" }) },
      leftovers: {
        giveBack: (lease) => this.#giveBack(lease),
        recheck: (lease) => void this.#pending.push(lease),
      },
    };
  }

  /** The node holds `leases` from now on. */
  remember(leases: readonly IPLease[]): void {
    for (const lease of leases) this.#own.set(lease.metadata.name, lease);
  }

  /** Releases `lease`, as the DEL of the claimant would. */
  async release(lease: IPLease, claimant: Claimant): Promise<void> {
    const { name } = lease.metadata;
    if (this.#own.get(name)?.spec.containerID === claimant.containerID) this.#own.delete(name);
    await this.#store.land(lease);
    const isStillOurs = (found: IPLease): boolean => isHeldBy(found, claimant);
    const outcome = await releaseLease(this.#store, lease, { ...this.#rules, isStillOurs }).catch(() => "unknown");
    if (outcome === "unknown") this.#pending.push(lease);
  }

  /** Works off what is left, as the agent does once the server answers again: but for what a later call got. */
  async settle(store: LeaseStore): Promise<void> {
    for (const lease of this.#pending) {
      const found = await store.get(lease.metadata.name, NEVER);
      const known = this.#own.get(lease.metadata.name);
      const isWanted = known !== undefined && isHeldBy(known, lease.spec);
      const isStillOurs = (current: IPLease): boolean => !isWanted && isHeldBy(current, lease.spec);
      if (found !== undefined && isStillOurs(found)) await releaseLease(store, found, { ...this.#rules, isStillOurs });
    }
  }

  get #rules(): EndRules {
    return { keeping: this.deps.keeping, signal: NEVER };
  }

  async #giveBack(lease: IPLease): Promise<void> {
    this.deps.own.drop(lease);
    await this.#store.land(lease);
    const outcome = await endLease(this.#store, lease, this.#rules).catch(() => undefined);
    if (outcome?.kind !== "deleted" && outcome?.kind !== "gone") this.#pending.push(lease);
  }
}
