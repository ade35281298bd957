import type { NodeState } from "@cluster-ipam/api";
import type { LossCause, NodeAbsence } from "./node-absence.ts";

/** The nodes of the cluster. */
export interface ClusterNodes {
  /** As the watch has last told; undefined where there is none of that name. */
  known(name: string): NodeState | undefined;
  /** As the server has it now. @throws IpamError where it gives no answer before `signal` aborts */
  read(name: string, signal: AbortSignal): Promise<NodeState | undefined>;
}

/** How nodes are looked at. */
export interface NodeLook {
  readonly nodes: ClusterNodes;
  readonly absence: NodeAbsence;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
}

/** A node that cannot answer for what it has. */
export interface LostNode {
  readonly name: string;
  readonly cause: LossCause;
  /** For people. */
  readonly reason: string;
}

/** A node whose Node object is missing, and not for long enough: it may be lost. */
export interface AbsentNode {
  readonly name: string;
  /** When it was first missed. */
  readonly sinceMs: number;
}

/** What a look at nodes has found. */
export interface NodeLosses {
  readonly lost: readonly LostNode[];
  readonly absent: readonly AbsentNode[];
}

/** Those of the nodes that are lost, by the watch and by a read of now. @throws IpamError as the read does */
export async function lostAmong(names: ReadonlySet<string>, look: NodeLook, signal: AbortSignal): Promise<NodeLosses> {
  look.absence.retain(names);
  const lost: LostNode[] = [];
  const absent: AbsentNode[] = [];
  for (const name of names) {
    const verdict = look.absence.look(name, look.nodes.known(name), look.nowMs());
    if (verdict.kind === "absent") absent.push({ name, sinceMs: verdict.sinceMs });
    if (verdict.kind !== "lost") continue;
    const found = await readLost(name, look, signal);
    if (found !== undefined) lost.push(found);
  }
  return { lost, absent };
}

/** The node as it is lost by a read of now; undefined where it is not. @throws IpamError as the read does */
export async function readLost(
  name: string,
  { nodes, absence, nowMs }: NodeLook,
  signal: AbortSignal,
): Promise<LostNode | undefined> {
  const verdict = absence.look(name, await nodes.read(name, signal), nowMs());
  return verdict.kind === "lost" ? { name, cause: verdict.cause, reason: verdict.reason } : undefined;
}
