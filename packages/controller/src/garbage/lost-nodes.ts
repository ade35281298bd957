import { isPodOf, type LeaseStore, type NodePods } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { LeaseFact } from "../leases/lease-fact.ts";
import type { LeaseTable } from "../leases/lease-table.ts";
import { isTooMany } from "./brake.ts";
import type { NodeAbsence, NodeFact } from "./node-absence.ts";

/** The nodes of the cluster. */
export interface ClusterNodes {
  /** As the watch has last told; undefined where there is none of that name. */
  known(name: string): NodeFact | undefined;
  /** As the server has it now. @throws IpamError where it gives no answer before `signal` aborts */
  read(name: string, signal: AbortSignal): Promise<NodeFact | undefined>;
}

/** Whether leases are released, told of, or left alone. */
export const GARBAGE_MODES = ["off", "dry-run", "on"] as const;
export type GarbageMode = (typeof GARBAGE_MODES)[number];

/** Where a round tells what it has found and done. */
export interface GarbageJournal {
  /** The lease is released, or would be in a dry run. */
  released(lease: IPLease, reason: string): void;
  /** The lease stays although its node is lost. */
  kept(lease: LeaseFact, reason: string): void;
  /** Nothing is released: too much would go at once. */
  braked(going: number, all: number): void;
  failed(lease: LeaseFact, error: unknown): void;
}

/** What a round over the leases of lost nodes works with. */
export interface LostNodesOptions {
  readonly leases: LeaseTable;
  readonly nodes: ClusterNodes;
  readonly absence: NodeAbsence;
  readonly pods: Pick<NodePods, "get">;
  readonly store: Pick<LeaseStore, "get">;
  /** Gives the lease back at the version that it carries, as its node's agent would. */
  readonly release: (lease: IPLease, signal: AbortSignal) => Promise<unknown>;
  readonly journal: GarbageJournal;
  readonly nowMs: () => number;
  /** Waits before the next release: many at once would starve the living. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
  readonly mode: GarbageMode;
  /** Share of all leases that may go in one round, in percent. */
  readonly maxPercent: number;
}

interface Candidate {
  readonly lease: LeaseFact;
  readonly reason: string;
}

/**
 * One round over the leases of nodes that cannot answer for themselves. A lease goes when its node is lost, by a read of
 * now, and its pod is gone by uid, by a read of now; it is read once more itself, so that what an agent has written
 * since stays.
 */
export async function releaseOfLostNodes(options: LostNodesOptions, signal: AbortSignal): Promise<void> {
  const { leases, mode, maxPercent, journal } = options;
  if (mode === "off") return;
  const candidates = await candidatesOf(options, signal);
  const look = { going: candidates.length, all: leases.size };
  if (isTooMany(look, maxPercent)) return journal.braked(look.going, look.all);
  for (const candidate of candidates) {
    if (signal.aborted) return;
    try {
      await releaseCandidate(candidate, options, signal);
    } catch (error) {
      journal.failed(candidate.lease, error);
    }
  }
}

async function candidatesOf(options: LostNodesOptions, signal: AbortSignal): Promise<Candidate[]> {
  const { leases, nodes, absence, nowMs } = options;
  const names = new Set([...leases.nodes()].filter((name) => name !== ""));
  absence.retain(names);
  const candidates: Candidate[] = [];
  for (const name of names) {
    if (absence.look(name, nodes.known(name), nowMs()).kind !== "lost") continue;
    const verdict = absence.look(name, await nodes.read(name, signal), nowMs());
    if (verdict.kind !== "lost") continue;
    for (const lease of leases.ofNode(name)) candidates.push({ lease, reason: verdict.reason });
  }
  return candidates;
}

async function releaseCandidate(
  { lease, reason }: Candidate,
  options: LostNodesOptions,
  signal: AbortSignal,
): Promise<void> {
  const { store, pods, journal, mode, release, pause } = options;
  const found = await store.get(lease.name, signal);
  if (found === undefined || found.metadata.uid !== lease.uid || found.spec.node !== lease.node) return;
  const { pod } = found.spec;
  const living = pod === undefined ? undefined : await pods.get(pod.namespace, pod.name, signal);
  if (living !== undefined && pod !== undefined && isPodOf(living, pod)) {
    return journal.kept(lease, `pod ${pod.namespace}/${pod.name} still exists`);
  }
  if (mode === "on") {
    await release(found, signal);
    await pause(signal);
  }
  journal.released(found, pod === undefined ? reason : `${reason}, and pod ${pod.namespace}/${pod.name} is gone`);
}
