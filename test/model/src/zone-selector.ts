import type { IPPoolSpec } from "@cluster-ipam/api";

/** The one label that nodes and namespaces of the model have: its value, or undefined where they have none. */
export type Zone = "a" | "b" | undefined;

/** A selector of a pool, over that label. */
export interface ZoneSelector {
  readonly operator: "Label" | "In" | "NotIn" | "Exists" | "DoesNotExist";
  /** Without meaning to Exists and DoesNotExist. */
  readonly value: "a" | "b";
}

const KEY = "zone";

/** The labels of an object in that zone. */
export function labelsOf(zone: Zone): Readonly<Record<string, string>> {
  return zone === undefined ? {} : { [KEY]: zone };
}

/** Whether the selector admits what is in that zone, as Kubernetes has it. */
export function admits({ operator, value }: ZoneSelector, zone: Zone): boolean {
  switch (operator) {
    case "Label":
    case "In":
      return zone === value;
    case "NotIn":
      return zone !== value;
    case "Exists":
      return zone !== undefined;
    case "DoesNotExist":
      return zone === undefined;
  }
}

/** The selector as a pool has it. */
export function selectorObject({ operator, value }: ZoneSelector): NonNullable<IPPoolSpec["nodeSelector"]> {
  if (operator === "Label") return { matchLabels: { [KEY]: value } };
  const takesValues = operator === "In" || operator === "NotIn";
  return { matchExpressions: [{ key: KEY, operator, ...(takesValues ? { values: [value] } : {}) }] };
}

/** `zone In b`, for stories. */
export function describeSelector({ operator, value }: ZoneSelector): string {
  if (operator === "Label") return `zone=${value}`;
  return operator === "In" || operator === "NotIn" ? `zone ${operator} ${value}` : `zone ${operator}`;
}
