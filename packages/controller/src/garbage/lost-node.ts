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

/** Those of the nodes that are lost, by the watch and by a read of now. @throws IpamError as the read does */
export async function lostAmong(
  names: ReadonlySet<string>,
  look: NodeLook,
  signal: AbortSignal,
): Promise<readonly LostNode[]> {
  look.absence.retain(names);
  const lost: LostNode[] = [];
  for (const name of names) {
    if (look.absence.look(name, look.nodes.known(name), look.nowMs()).kind !== "lost") continue;
    const found = await readLost(name, look, signal);
    if (found !== undefined) lost.push(found);
  }
  return lost;
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
