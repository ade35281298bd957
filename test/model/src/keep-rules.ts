import type { IPLease } from "@cluster-ipam/api";
import type { LeaseChange } from "./lease-log.ts";
import type { Ledger } from "./ledger.ts";
import type { AttachmentPlan, ControllerPlan } from "./plan.ts";
import type { PoolHistory } from "./pool-history.ts";
import type { Rule } from "./violation.ts";

/** What the rules are held against. */
export interface KeepRuleParts {
  readonly ledger: Ledger;
  readonly history: PoolHistory;
  readonly controller: ControllerPlan | undefined;
  readonly now: () => number;
  readonly complain: (rule: Rule, text: string) => void;
}

/** What is known of one lease object. */
interface Known {
  /** The attachment that had it last. */
  holder: AttachmentPlan | undefined;
  /** Somebody was told that it has the address. */
  isUsed: boolean;
  /** The version that its last write gave it. */
  version: string | undefined;
  /** Since when the controller knows of this release. */
  firstSeenMs: number | undefined;
  keepMs: number;
}

/** Reckoning by the controller's clock is not exact to the last bit. */
const ROUNDING_MS = 1;

/**
 * Addresses that are kept: none is free before its time, which is counted from the moment at which the controller first
 * sees the release, and none goes to another pod or interface. How long that is, is what the pool has always said.
 */
export class KeepRules {
  readonly #parts: KeepRuleParts;
  /** By the leases' uid. */
  readonly #known = new Map<string, Known>();

  constructor(parts: KeepRuleParts) {
    this.#parts = parts;
  }

  /** An agent has said in its answer to an ADD that the attachment has these leases. */
  answered(leases: readonly IPLease[]): void {
    for (const { metadata } of leases) this.#knownOf(metadata.uid).isUsed = true;
  }

  /** A controller has been told of these leases. */
  seen(leases: readonly IPLease[]): void {
    for (const { metadata, spec } of leases) {
      const known = this.#knownOf(metadata.uid);
      // What is told late may be of a release before this one.
      const isLast = known.version === metadata.resourceVersion;
      if (spec.releasedAt !== undefined && isLast) known.firstSeenMs ??= this.#parts.now();
    }
  }

  /** Looks at a write. */
  changed({ name, before, after, writer }: LeaseChange): void {
    const known = this.#knownOf((after ?? before)?.metadata.uid);
    if (writer.kind === "agent" && before !== undefined) this.#judgeAgent(name, before, after, known);
    if (writer.kind === "controller" && before !== undefined) this.#judgeController(name, before, after, known);
    this.#note(after, known);
  }

  /** An agent may release what is attached, and take over what is kept for the pod. */
  #judgeAgent(name: string, before: IPLease, after: IPLease | undefined, known: Known): void {
    const { complain } = this.#parts;
    if (before.spec.releasedAt !== undefined) {
      if (after === undefined) complain("early-end", `${name} was kept, and an agent deleted it`);
      else if (isAttached(after) && !this.#isForHolder(after, known)) {
        complain(
          "kept-for-another",
          `${name} was kept for ${known.holder?.pod.name}, and ${after.spec.containerID} took it`,
        );
      }
    } else if (isAttached(before) && after?.spec.releasedAt === undefined) {
      this.#judgeUnkept(name, before, after, known);
    }
  }

  /** A controller ends what is kept, and releases what is attached as its agent would. */
  #judgeController(name: string, before: IPLease, after: IPLease | undefined, known: Known): void {
    if (before.spec.releasedAt !== undefined) return this.#judgeEnd(name, known);
    if (isAttached(before) && after?.spec.releasedAt === undefined) this.#judgeUnkept(name, before, after, known);
  }

  /** What has been in use is kept, or goes to a new sandbox of the same pod. */
  #judgeUnkept(name: string, before: IPLease, after: IPLease | undefined, known: Known): void {
    if (before.spec.reserved !== undefined || !known.isUsed || this.#keepMs(before, known) === 0) return;
    if (after === undefined) this.#parts.complain("early-end", `${name} was in use, and was deleted`);
    else if (!this.#isForHolder(after, known)) {
      const text = `${name} was ${known.holder?.pod.name}'s, and ${after.spec.containerID} took it over`;
      this.#parts.complain("kept-for-another", text);
    }
  }

  #judgeEnd(name: string, { firstSeenMs, keepMs }: Known): void {
    const { now, controller, complain } = this.#parts;
    const keptMs = (now() - (firstSeenMs ?? now())) * (controller?.clockRate ?? 1);
    if (keptMs + ROUNDING_MS >= keepMs) return;
    complain("early-end", `${name} was kept for ${keptMs.toFixed(0)} ms of ${keepMs}`);
  }

  #note(after: IPLease | undefined, known: Known): void {
    if (after === undefined) return;
    known.version = after.metadata.resourceVersion;
    if (after.spec.releasedAt === undefined) known.holder = this.#holderOf(after) ?? known.holder;
    else {
      known.firstSeenMs = undefined;
      known.keepMs = this.#keepMs(after, known);
    }
  }

  #keepMs({ spec }: IPLease, { holder }: Known): number {
    return 1_000 * this.#parts.history.leastKeepSeconds(spec.pool, holder?.pod.isStateful === true);
  }

  #isForHolder(after: IPLease, { holder }: Known): boolean {
    const taker = this.#holderOf(after);
    return taker?.pod.name === holder?.pod.name && taker?.ifName === holder?.ifName;
  }

  #holderOf({ spec: { network, containerID, ifName } }: IPLease): AttachmentPlan | undefined {
    return this.#parts.ledger.find(network, containerID, ifName)?.plan;
  }

  #knownOf(uid = ""): Known {
    let known = this.#known.get(uid);
    if (known === undefined) {
      known = { holder: undefined, isUsed: false, version: undefined, firstSeenMs: undefined, keepMs: 0 };
      this.#known.set(uid, known);
    }
    return known;
  }
}

function isAttached({ spec }: IPLease): boolean {
  return spec.containerID !== "";
}
