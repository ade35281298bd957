import type { NodeState } from "@cluster-ipam/api";

/** Why a node is lost, for machines. */
export type LossCause = "node-absent" | "node-out-of-service";

/** Whether a node can answer for its leases. */
export type NodeVerdict =
  | { readonly kind: "answers" }
  /** The Node object is missing, and not for long enough. */
  | { readonly kind: "absent"; readonly sinceMs: number }
  | { readonly kind: "lost"; readonly cause: LossCause; readonly reason: string };

/** How long a Node object must have been missing, by the controller's own clock, before its leases may go; by default. */
export const NODE_ABSENT_MS = 300_000;
const MS_PER_S = 1_000;
const MS_PER_MINUTE = 60_000;

/**
 * Which nodes are lost. A node that is NotReady is not: its pods may run on, and their addresses with them. Only an
 * operator, by the taint, or the deletion of the Node object says that nothing of it runs any more.
 *
 * That a missing node was back for a moment is known only as far as somebody says so: what a watch tells late, or a list
 * that takes its place does not tell, comes on top of two deletions of a Node whose machine runs.
 */
export class NodeAbsence {
  readonly #graceMs: number;
  readonly #absentSinceMs = new Map<string, number>();

  /** @param graceMs how long a Node object must have been missing */
  constructor(graceMs: number = NODE_ABSENT_MS) {
    this.#graceMs = graceMs;
  }

  /**
   * Looks at one node.
   *
   * @param node as the server has it; undefined where it has none of that name
   * @param nowMs of a monotonic clock that does not stop while this process lives
   */
  look(name: string, node: NodeState | undefined, nowMs: number): NodeVerdict {
    if (node === undefined) return this.#lookAtAbsent(name, nowMs);
    this.seen(name);
    if (node.isReady || !node.isOutOfService) return { kind: "answers" };
    const reason = `node ${name} is NotReady and tainted node.kubernetes.io/out-of-service`;
    return { kind: "lost", cause: "node-out-of-service", reason };
  }

  /** The node is there, or was since it was looked at last: its time begins anew when it is missing. */
  seen(name: string): void {
    this.#absentSinceMs.delete(name);
  }

  /** Forgets every node that is not among `names`: nobody has anything there any more. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#absentSinceMs.keys()) if (!names.has(name)) this.#absentSinceMs.delete(name);
  }

  #lookAtAbsent(name: string, nowMs: number): NodeVerdict {
    const sinceMs = this.#absentSinceMs.get(name) ?? nowMs;
    this.#absentSinceMs.set(name, sinceMs);
    if (nowMs - sinceMs < this.#graceMs) return { kind: "absent", sinceMs };
    const reason = `node ${name} does not exist, for ${inWords(this.#graceMs)} at least`;
    return { kind: "lost", cause: "node-absent", reason };
  }
}

/** `5 minutes`, or seconds where they do not make whole minutes. */
function inWords(ms: number): string {
  const [count, unit] = ms % MS_PER_MINUTE === 0 ? [ms / MS_PER_MINUTE, "minute"] : [ms / MS_PER_S, "second"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
