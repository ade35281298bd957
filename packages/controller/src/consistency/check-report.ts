import type { CheckResult } from "./consistency-check.ts";
import { FINDING_KINDS, type FindingCounts, type FindingKind } from "./finding.ts";

/** A finding as a report shows it: its kind, what it is about as far as that applies, and the sentence. */
export type ReportedFinding = Readonly<Record<string, string>> & {
  readonly kind: FindingKind;
  readonly message: string;
};

/** What a check tells people who asked for it. */
export interface CheckReport {
  /** When it began, RFC 3339. */
  readonly checkedAt: string;
  readonly durationMs: number;
  readonly leases: number;
  readonly pods: number;
  readonly unreadablePods: number;
  readonly unconfirmed: number;
  readonly counts: FindingCounts;
  readonly findings: readonly ReportedFinding[];
  /** Whether `findings` holds fewer than `counts` says. */
  readonly truncated: boolean;
}

/** So many of each kind are shown: nobody reads more, and each kind is to be seen beside the others. */
const SHOWN_PER_KIND = 50;

/** The report of a check that began then. */
export function reportOf(result: CheckResult, checkedAt: Date, durationMs: number): CheckReport {
  const { found, counts, leases, pods, unreadablePods, unconfirmed } = result;
  const shown = FINDING_KINDS.flatMap((kind) => found.filter((each) => each.kind === kind).slice(0, SHOWN_PER_KIND));
  const findings = shown.map((suspicion): ReportedFinding => {
    const { kind, about, message } = suspicion.describe();
    return { kind, ...about, message };
  });
  return {
    checkedAt: checkedAt.toISOString(),
    durationMs: Math.round(durationMs),
    leases,
    pods,
    unreadablePods,
    unconfirmed,
    counts,
    findings,
    truncated: findings.length < found.length,
  };
}
