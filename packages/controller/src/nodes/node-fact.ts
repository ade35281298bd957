import { isDeepStrictEqual } from "node:util";
import { asNodeObject, type Labels, type NodeState, nodeStateOf } from "@cluster-ipam/api";
import type { CachedObject, ObjectHandler } from "@cluster-ipam/kube";

/** What pools of the nodes' own networks make of a node. */
export interface NodeNetworks {
  readonly podCidrs: readonly string[];
  readonly labels: Labels;
}

/** What a node tells of itself. */
export interface NodeFact extends NodeState {
  readonly networks: NodeNetworks;
}

const NONE: NodeNetworks = { podCidrs: [], labels: {} };

/**
 * What is kept of a Node.
 *
 * @throws TypeError for what is none
 */
export function nodeFact(object: unknown): NodeFact {
  const node = asNodeObject(object);
  const { podCIDRs: podCidrs = [] } = node.spec ?? {};
  return { ...nodeStateOf(node), networks: { podCidrs, labels: node.metadata.labels ?? {} } };
}

/** What each node gives to pools. */
export function* networksOf(nodes: Iterable<CachedObject<NodeFact>>): Iterable<NodeNetworks> {
  for (const node of nodes) yield networksOfOne(node);
}

/**
 * Calls `changed` where a node gives something else to pools than it did. Most events of a node say that it is alive,
 * every few seconds on one that is busy.
 */
export function networksHandler(changed: () => void): ObjectHandler<NodeFact> {
  const compare = (before: NodeNetworks, after: NodeNetworks): void => {
    if (before.podCidrs.length + after.podCidrs.length > 0 && !isDeepStrictEqual(before, after)) changed();
  };
  return {
    added: (node) => compare(NONE, networksOfOne(node)),
    changed: (node, before) => compare(networksOfOne(before), networksOfOne(node)),
    deleted: (node) => compare(networksOfOne(node), NONE),
  };
}

/** Nothing where the node cannot be read. */
function networksOfOne(node: CachedObject<NodeFact>): NodeNetworks {
  return node.kind === "object" ? node.value.networks : NONE;
}
