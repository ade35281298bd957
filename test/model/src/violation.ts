/** The rules that a run is held to. */
export const RULES = {
  "two-holders": "an address has two holders",
  "lost-lease": "a living attachment has lost its lease",
  "forbidden-address": "an address was given that must not be given",
  "incomplete-answer": "an ADD gave other addresses than one of each family",
  "changed-answer": "a repeated ADD gave other addresses than the one before it, or failed",
  "not-admitted": "an address was given by a pool that does not serve the node or the namespace",
  "lost-reservation": "a reservation was made, changed or ended by another hand than its owner's",
  "early-end": "an address that is kept was free before its time",
  "kept-for-another": "an address that is kept for one pod went to another",
  "not-retained": "a pod came again and did not get the address that was kept for it",
  "foreign-block": "a node wrote a block, or handed out of one, that is not its own",
  "lost-block": "a block was given back while an address of it was in use",
  "lost-pool": "a pool was removed that is not for the controller to remove",
  "wrong-status": "the status of a pool says something else than its leases",
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
