import type { IPPool, LabelSelector } from "@cluster-ipam/api";

/** Whether the pool serves some nodes or namespaces only. */
export function isRestricted({ spec }: IPPool): boolean {
  return (spec.nodeSelector !== undefined && hasTerms(spec.nodeSelector)) || spec.namespaceSelector !== undefined;
}

/** Whether the selector asks for anything: one that does not matches every object. */
export function hasTerms({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return matchExpressions.length > 0 || Object.keys(matchLabels).length > 0;
}
