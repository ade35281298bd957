import type { IPLease } from "@cluster-ipam/api";
import { Admission } from "./admission.ts";
import { type AddRecord, describe } from "./attachment-record.ts";
import { KeptCandidates } from "./kept-candidates.ts";
import type { Ledger } from "./ledger.ts";
import { offerOf } from "./offer.ts";
import { type AttachmentPlan, fixedText, namespaceOf } from "./plan.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { familiesOf, type NetworkPlan } from "./small-network.ts";
import type { Rule } from "./violation.ts";

/** What the judge knows. */
export interface JudgeParts {
  readonly ledger: Ledger;
  readonly server: SimulatedApiServer;
  readonly nodeOf: (name: string) => Pick<SimulatedNode, "inlinePools">;
  readonly complain: (rule: Rule, text: string) => void;
}

/** An ADD that began, and what was so by then. */
export interface OpenAdd {
  readonly plan: AttachmentPlan;
  readonly network: NetworkPlan;
  readonly record: AddRecord;
  readonly kept: KeptCandidates;
  /** The address that it asks for, where that is reserved for its pod and nobody has it. */
  readonly reservation: IPLease | undefined;
}

/** A pool read so long before a call began may serve it: 10 s by the slowest clock of the model. */
const POOL_TRUST_MS = 11_200;

/** Holds what an ADD gave against what may be given: by what was so at some moment of the call, or shortly before. */
export class AnswerJudge {
  readonly #parts: JudgeParts;
  readonly #admission: Admission;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.#admission = new Admission(parts.server.history, parts.server.zones);
  }

  /** An ADD begins. */
  begin(plan: AttachmentPlan, network: NetworkPlan, record: AddRecord): OpenAdd {
    const { server, ledger } = this.#parts;
    // Another ADD for the pod may be about to take an address, or may have before its agent died.
    const leases = ledger.isBusy(plan, record) ? [] : server.leases.all();
    const reservation = server.leases.all().find((lease) => isReservedFor(plan, lease));
    return { plan, network, record, kept: new KeptCandidates(plan, network, leases), reservation };
  }

  /** It has returned `addresses`. */
  judge(add: OpenAdd, addresses: readonly string[]): void {
    this.#judgeCount(add, addresses);
    this.#judgeRepeat(add, addresses);
    this.#judgeAdmission(add, addresses);
    this.#judgeOffer(add, addresses);
    this.#judgeKept(add, addresses);
  }

  #judgeCount({ plan, network }: OpenAdd, addresses: readonly string[]): void {
    const fixed = fixedText(plan);
    const families = new Set(addresses.map(familyOf));
    const expected = familiesOf(network);
    const isComplete = addresses.length === expected.size && [...expected].every((family) => families.has(family));
    if (isComplete && (fixed === undefined || addresses.includes(fixed))) return;
    this.#parts.complain("incomplete-answer", `ADD of ${describe(plan)} gave ${addresses.join(", ")}`);
  }

  #judgeOffer({ plan, network, record }: OpenAdd, addresses: readonly string[]): void {
    const { server, complain } = this.#parts;
    const sinceMs = this.#trustedSinceMs(plan, record);
    const own = network.kind === "inline" ? offerOf(network.pool).unasked : undefined;
    for (const address of addresses) {
      const asked = { sinceMs, isAsked: address === fixedText(plan), node: plan.pod.node };
      const isOffered = own?.has(address) ?? server.history.hasOffered(network.pool.name, address, asked);
      if (!isOffered) complain("forbidden-address", `ADD of ${describe(plan)} gave ${address}`);
    }
  }

  /** The pool served node and namespace, and ranges of an ipam section are no way round one that does not. */
  #judgeAdmission({ plan, network, record }: OpenAdd, addresses: readonly string[]): void {
    const { complain } = this.#parts;
    const sinceMs = this.#trustedSinceMs(plan, record);
    const { name, addressSpace } = network.pool;
    if (network.kind !== "inline") {
      if (this.#admission.mayServe(name, plan, sinceMs)) return;
      return complain("not-admitted", `ADD of ${describe(plan)} got an address of a pool that is not for it`);
    }
    if (this.#parts.nodeOf(plan.pod.node).inlinePools === "deny") {
      complain("not-admitted", `ADD of ${describe(plan)} got an address where ranges of ipam sections are denied`);
    }
    for (const address of addresses) {
      const pool = this.#admission.refusing(address, addressSpace, plan, sinceMs);
      if (pool !== undefined) complain("not-admitted", `ADD of ${describe(plan)} gave ${address} of pool ${pool}`);
    }
  }

  /** A repeated ADD has failed otherwise than that it is to be tried again. */
  judgeFailure({ plan, record }: OpenAdd): void {
    const repeated = this.#parts.ledger.repeatedBy(plan, record);
    if (repeated === undefined) return;
    this.#parts.complain("changed-answer", `ADD of ${describe(plan)} has ${repeated.join(", ")} and failed`);
  }

  /** An address is taken, says a failed ADD; it is not when it is reserved for the pod and nobody has touched it. */
  judgeTaken({ plan, network, reservation }: OpenAdd): void {
    if (reservation === undefined || network.pool.addressSpace !== "") return;
    const { metadata } = reservation;
    const now = this.#parts.server.leases.named(metadata.name)?.metadata;
    if (now?.uid !== metadata.uid || now?.resourceVersion !== metadata.resourceVersion) return;
    this.#parts.complain("call-failed", `ADD of ${describe(plan)} did not get what is reserved for it`);
  }

  /** What pools have become since does not matter to who has an address. */
  #judgeRepeat({ plan, record }: OpenAdd, addresses: readonly string[]): void {
    const repeated = this.#parts.ledger.repeatedBy(plan, record);
    if (repeated === undefined || repeated.toSorted().join() === addresses.toSorted().join()) return;
    const text = `ADD of ${describe(plan)} gave ${addresses.join(", ")} for ${repeated.join(", ")}`;
    this.#parts.complain("changed-answer", text);
  }

  /** An ADD has failed since its pool is not for it. */
  judgeRefusal({ plan, network, record }: OpenAdd): void {
    const sinceMs = record.startedAtMs - POOL_TRUST_MS;
    if (network.kind === "inline" || !this.#admission.mustServe(network.pool.name, plan, sinceMs)) return;
    this.#parts.complain("call-failed", `ADD of ${describe(plan)} was refused by a pool that is for it`);
  }

  #trustedSinceMs(plan: AttachmentPlan, record: AddRecord): number {
    return this.#parts.ledger.of(plan).eraStartMs(record.startedAtMs) - POOL_TRUST_MS;
  }

  /** What was kept for the pod from the ADD's beginning to its end, in a pool that retains and still has it, comes first. */
  #judgeKept({ plan, network, record, kept }: OpenAdd, addresses: readonly string[]): void {
    const { server, complain } = this.#parts;
    if (network.kind === "inline" || plan.fixed !== undefined) return;
    const sinceMs = record.startedAtMs - POOL_TRUST_MS;
    const isDue = ({ spec }: IPLease): boolean => server.history.hasAlwaysRetained(spec.pool, spec.address, sinceMs);
    const passedOver = kept.untouched(server.leases).filter(isDue);
    for (const { spec } of passedOver) {
      const given = addresses.filter((address) => familyOf(address) === familyOf(spec.address));
      if (given.every((address) => kept.has(address))) continue;
      complain("not-retained", `ADD of ${describe(plan)} gave ${given.join(", ")}, and ${spec.address} is kept for it`);
    }
  }
}

function isReservedFor(plan: AttachmentPlan, { spec }: IPLease): boolean {
  const isForPod = spec.reserved?.for?.name === plan.pod.name && spec.reserved.for.namespace === namespaceOf(plan.pod);
  return isForPod && spec.containerID === "" && spec.address === fixedText(plan);
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}
