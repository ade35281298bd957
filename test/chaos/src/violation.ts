/** The rules that a run is held to. */
const RULES = {
  "two-holders": "an address has two holders",
  "lost-lease": "a living attachment has lost its lease",
  "left-behind": "a lease is left that nobody holds",
  "other-answer": "an ADD was repeated and gave another address",
  "call-failed": "a call failed that cannot fail",
  "bad-answer": "the plugin printed what the protocol does not allow",
  unanswered: "a call has no answer",
  "agent-defect": "an agent's log tells of a defect",
  "not-serving": "ADD is not served though everything works again",
  "still-pending": "releases are still pending long after everything works",
} as const;

/** Name of a rule. */
export type Rule = keyof typeof RULES;

/** A rule that was broken, and how. */
export interface Violation {
  readonly rule: Rule;
  readonly text: string;
  /** Whom it is about, where it is about one container; for the search in the logs. */
  readonly containerIds: readonly string[];
}

/** `left-behind: 10.0.0.5 …`. */
export function formatViolation({ rule, text }: Violation): string {
  return `${rule} (${RULES[rule]}): ${text}`;
}
