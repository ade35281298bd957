import type { Labels } from "./core-objects.ts";
import type { LabelSelector } from "./label-selector.ts";

/** One term of a label selector: what it asks of the label under a key. */
export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /** Empty for Exists and DoesNotExist. */
  readonly values: readonly string[];
}

/**
 * The terms of `selector` that `labels` do not meet; none: the selector matches. All terms must hold, so that one
 * without terms matches everything. An absent label meets NotIn and DoesNotExist
 * (kubernetes.io/docs/concepts/overview/working-with-objects/labels, "Set-based requirement").
 *
 * @example
 * unmetRequirements({ matchLabels: { rack: "a" } }, { rack: "b" });
 * // [{ key: "rack", operator: "In", values: ["a"] }]
 */
export function unmetRequirements(selector: LabelSelector, labels: Labels): Requirement[] {
  return requirementsOf(selector).filter((requirement) => !isMet(requirement, labels));
}

/** The terms of a selector, as {@link formatRequirement} shows them, with commas between them; "" where it has none. */
export function formatSelector(selector: LabelSelector): string {
  return requirementsOf(selector).map(formatRequirement).join(",");
}

/** A term as `kubectl --selector` takes it: `rack=a`, `rack in (a,b)`, `rack notin (a)`, `rack`, `!rack`. */
export function formatRequirement({ key, operator, values }: Requirement): string {
  const list = values.join(",");
  switch (operator) {
    case "In":
      return values.length === 1 ? `${key}=${list}` : `${key} in (${list})`;
    case "NotIn":
      return `${key} notin (${list})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
  }
}

function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Requirement[] {
  const exact = Object.entries(matchLabels).map(
    ([key, value]): Requirement => ({ key, operator: "In", values: [value] }),
  );
  return [...exact, ...matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values }))];
}

function isMet({ key, operator, values }: Requirement, labels: Labels): boolean {
  // A label may bear a name that every object inherits, such as `constructor`.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
