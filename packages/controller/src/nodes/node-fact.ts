import { isDeepStrictEqual } from "node:util";
import { asNodeObject, type NodeState, nodeStateOf } from "@cluster-ipam/api";
import type { CachedObject, ObjectHandler } from "@cluster-ipam/kube";

/** What a node tells of itself. */
export interface NodeFact extends NodeState {
  readonly podCidrs: readonly string[];
}

/**
 * What is kept of a Node.
 *
 * @throws TypeError for what is none
 */
export function nodeFact(object: unknown): NodeFact {
  const node = asNodeObject(object);
  return { ...nodeStateOf(node), podCidrs: node.spec?.podCIDRs ?? [] };
}

/** The networks of all nodes that can be read, each once. */
export function podCidrsOf(nodes: Iterable<CachedObject<NodeFact>>): readonly string[] {
  return [...new Set([...nodes].flatMap(networksOf))];
}

/**
 * Calls `changed` where a node's networks are not what they were. Most events of a node say that it is alive, every few
 * seconds on one that is busy.
 */
export function networksHandler(changed: () => void): ObjectHandler<NodeFact> {
  const compare = (before: readonly string[], after: readonly string[]): void => {
    if (!isDeepStrictEqual(before, after)) changed();
  };
  return {
    added: (node) => compare([], networksOf(node)),
    changed: (node, before) => compare(networksOf(before), networksOf(node)),
    deleted: (node) => compare(networksOf(node), []),
  };
}

function networksOf(node: CachedObject<NodeFact>): readonly string[] {
  return node.kind === "object" ? node.value.podCidrs : [];
}
