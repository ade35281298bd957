import type { EventSubject } from "@cluster-ipam/kube";

/** What is wrong, the worst first. docs/operations.md explains each, and what to do. */
export const FINDING_KINDS = [
  "duplicate-address",
  "other-holder",
  "address-without-lease",
  "misnamed-lease",
  "pool-in-two-spaces",
  "foreign-finalizer",
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** How many there are of each kind. */
export type FindingCounts = Readonly<Record<FindingKind, number>>;

/** Whom and what a finding is about, as far as it applies. */
type Mention = "address" | "addressSpace" | "pool" | "lease" | "block" | "pod" | "interface" | "node";

/** Something that two objects of the cluster tell differently, or that nobody but us should have touched. */
export interface Finding {
  readonly kind: FindingKind;
  /** The same for as long as it is the same finding. */
  readonly key: string;
  readonly about: Readonly<Partial<Record<Mention, string>>>;
  /** One sentence for people: what is wrong, and the way out. */
  readonly message: string;
  /** Whose events tell of it. */
  readonly regarding: EventSubject;
}

/** What may be a finding. It is put into words only when somebody is to be told, since there may be very many. */
export interface Suspicion extends Pick<Finding, "kind" | "key"> {
  describe(): Finding;
}

/** No finding of any kind. */
export const NO_FINDINGS: FindingCounts = {
  "duplicate-address": 0,
  "other-holder": 0,
  "address-without-lease": 0,
  "misnamed-lease": 0,
  "pool-in-two-spaces": 0,
  "foreign-finalizer": 0,
};
