/** The rules that a run is held to. */
export const RULES = {
  "two-holders": "an address has two holders",
  "lost-lease": "a living attachment has lost its lease",
  "forbidden-address": "an address was given that must not be given",
  "incomplete-answer": "an ADD gave other addresses than one of each family",
  "left-behind": "a lease is left that nobody holds",
  "still-pending": "releases are still pending long after everything works",
  unanswered: "a call has no answer",
  "call-failed": "a call failed that cannot fail",
} as const;

/** Name of a rule. */
export type Rule = keyof typeof RULES;

/** A rule that was broken, and how. */
export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}
