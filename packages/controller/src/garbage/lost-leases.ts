import { type EndRules, endLease, isHolderThere, type LeaseStore, type NodePods } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { LeaseFact } from "../leases/lease-fact.ts";
import type { LeaseTable } from "../leases/lease-table.ts";
import { type BrakedRound, isTooMany } from "./brake.ts";
import { type LostNode, type NodeLook, readLost } from "./lost-node.ts";
import type { ToldOnce } from "./told-once.ts";

/** Where a round over leases tells what it has found and done. */
export interface LeaseJournal {
  /** The lease is released, or would be in a dry run. */
  leaseReleased(lease: IPLease, node: LostNode): void;
  /** The lease stays although its node is lost. */
  leaseKept(lease: LeaseFact, reason: string): void;
  /** Nothing is released: too much would go at once. */
  braked(nodes: readonly LostNode[], going: number, all: number): void;
  failed(what: string, error: unknown): void;
}

/** What a round over the leases of lost nodes works with. */
export interface LostLeasesOptions extends NodeLook {
  readonly leases: LeaseTable;
  readonly pods: Pick<NodePods, "get">;
  readonly store: Pick<LeaseStore, "get" | "delete" | "replace">;
  readonly keeping: EndRules["keeping"];
  readonly journal: LeaseJournal;
  /** Waits before the next one: many at once would starve the living. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
  readonly isDryRun: boolean;
  readonly told: ToldOnce;
  /** Share of all leases that may go in one round, in percent. */
  readonly maxPercent: number;
}

/**
 * One round over the leases of nodes that cannot answer for themselves. A lease goes when its pod is gone by uid and its
 * node still lost, both by reads of now, and at the very version that a read of now shows: what an agent has written
 * since stays. What becomes of it is what its agent would have made of it.
 *
 * @returns what is held up, where so much would go that it is likely that a list is wrong: nothing of these nodes may go
 */
export async function releaseLostLeases(
  lost: readonly LostNode[],
  options: LostLeasesOptions,
  signal: AbortSignal,
): Promise<BrakedRound | undefined> {
  const { leases, maxPercent, journal, told, isDryRun, pause } = options;
  const candidates = lost.flatMap(({ name }) => [...leases.ofNode(name)]);
  told.retain(new Set(candidates.map(({ uid }) => uid)));
  const look = { going: candidates.length, all: leases.size };
  if (isTooMany(look, maxPercent)) {
    journal.braked(lost, look.going, look.all);
    const going = Map.groupBy(candidates, ({ pool }) => pool);
    const goingOfPool = new Map([...going].map(([pool, ofPool]) => [pool, ofPool.length]));
    return { ...look, goingOfPool, nodes: lost.map(({ name }) => name) };
  }
  for (const lease of candidates) {
    if (signal.aborted) break;
    if (isDryRun && told.has(lease.uid)) continue;
    await releaseOne(lease, options, signal).catch((error: unknown) => {
      journal.failed(`release of ${lease.name}`, error);
    });
    await pause(signal);
  }
  return undefined;
}

async function releaseOne(lease: LeaseFact, options: LostLeasesOptions, signal: AbortSignal): Promise<void> {
  const { store, pods, journal, isDryRun, told, keeping } = options;
  const found = await store.get(lease.name, signal);
  if (found === undefined || found.metadata.uid !== lease.uid || found.spec.node !== lease.node) return;
  // Deleted already, and held back by somebody's finalizer.
  if (found.metadata.deletionTimestamp !== undefined) return;
  const { pod } = found.spec;
  if (pod !== undefined && (await isHolderThere(found, pods, signal))) {
    return journal.leaseKept(lease, `pod ${pod.namespace}/${pod.name} still exists`);
  }
  // Many may have gone before this one: the node may be back by now.
  const node = await readLost(lease.node, options, signal);
  if (node === undefined) return journal.leaseKept(lease, `node ${lease.node} is back`);
  if (isDryRun) told.add(lease.uid);
  else if (!(await end(found, { store, keeping, signal }))) return;
  journal.leaseReleased(found, node);
}

/** @returns false where somebody else was first. @throws Error where it may or may not be done: the next round sees */
async function end(
  lease: IPLease,
  { store, keeping, signal }: Pick<LostLeasesOptions, "store" | "keeping"> & Pick<EndRules, "signal">,
): Promise<boolean> {
  const outcome = await endLease(store, lease, { keeping, signal });
  if (outcome.kind === "unknown") throw outcome.cause;
  return outcome.kind === "deleted" || outcome.kind === "replaced";
}
