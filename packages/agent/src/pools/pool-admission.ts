import {
  formatRequirement,
  formatSelector,
  type IPPool,
  type LabelSelector,
  type Labels,
  type Requirement,
  unmetRequirements,
} from "@cluster-ipam/api";
import { hasTerms } from "../server-facts/restriction.ts";
import type { PoolCall } from "./pool-call.ts";

/** Where a call is made, and for whom. */
type Place = Pick<PoolCall, "namespace" | "facts" | "signal">;

/**
 * Why the pool does not serve the call, for messages: names selector, node or namespace, and the labels that matter.
 * Undefined where it does; then nothing is asked of the server unless the pool has a selector.
 */
export async function refusalOf(pool: IPPool, place: Place): Promise<string | undefined> {
  return (await refusalOfNode(pool, place)) ?? refusalOfNamespace(pool, place);
}

async function refusalOfNode({ metadata, spec }: IPPool, { facts, signal }: Place): Promise<string | undefined> {
  const { nodeSelector } = spec;
  if (nodeSelector === undefined || !hasTerms(nodeSelector)) return undefined;
  const refused = `pool ${metadata.name} does not serve node ${facts.nodeName}: its spec.nodeSelector wants`;
  const node = await facts.node(signal);
  if (node === undefined) return `${refused} ${formatSelector(nodeSelector)}, and there is no such Node object`;
  return mismatch(refused, "node", { selector: nodeSelector, labels: node.labels });
}

/** Also an empty selector, which every namespace matches, wants a pod in one. */
async function refusalOfNamespace({ metadata, spec }: IPPool, place: Place): Promise<string | undefined> {
  const { namespace: name, facts, signal } = place;
  const { namespaceSelector } = spec;
  if (namespaceSelector === undefined) return undefined;
  const { name: pool } = metadata;
  if (name === undefined) {
    return `pool ${pool} serves pods by their namespace (spec.namespaceSelector), and CNI_ARGS holds no K8S_POD_NAMESPACE`;
  }
  if (!hasTerms(namespaceSelector)) return undefined;
  const refused = `pool ${pool} does not serve namespace ${name}: its spec.namespaceSelector wants`;
  const namespace = await facts.namespace(name, signal);
  if (namespace === undefined) return `${refused} ${formatSelector(namespaceSelector)}, and there is no such namespace`;
  return mismatch(refused, "namespace", { selector: namespaceSelector, labels: namespace.labels });
}

function mismatch(
  refused: string,
  what: string,
  { selector, labels }: { readonly selector: LabelSelector; readonly labels: Labels },
): string | undefined {
  const unmet = unmetRequirements(selector, labels);
  if (unmet.length === 0) return undefined;
  const found = unmet.map((requirement) => describeLabel(requirement, labels)).join(", ");
  return `${refused} ${unmet.map(formatRequirement).join(",")}, and the ${what} has ${found}`;
}

function describeLabel({ key }: Requirement, labels: Labels): string {
  return Object.hasOwn(labels, key) ? `${key}=${labels[key]}` : `no label ${key}`;
}
