import { API_VERSION, type IPLease } from "@cluster-ipam/api";
import { formatAddress } from "@cluster-ipam/ip";
import type { EventRecorder, EventSubject, KubeEvent } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import type { BlockFact } from "../blocks/block-fact.ts";
import type { IdleJournal, IdlePool } from "../inline-pools/idle-removal.ts";
import type { LeaseFact } from "../leases/lease-fact.ts";
import type { BlockJournal } from "./lost-blocks.ts";
import type { LeaseJournal } from "./lost-leases.ts";
import type { LostNode } from "./lost-node.ts";
import type { LossCause } from "./node-absence.ts";

/** What is removed. */
export type GarbageKind = "lease" | "block" | "inline-pool";
/** Why. */
export type GarbageReason = LossCause | "idle";

/** What counts garbage. */
export interface GarbageMeter {
  /** Something was removed, or would be in a dry run. */
  garbageFound(kind: GarbageKind, reason: GarbageReason, isDryRun: boolean): void;
  /** A look at everything has ended. */
  garbageRoundEnded(outcome: "done" | "braked" | "failed"): void;
  /** Whether nothing of lost nodes is released now, since too much would go at once. */
  garbageBraked(isBraked: boolean): void;
}

/** Where a journal tells what it is told. */
export interface GarbageJournalDeps {
  readonly log: Logger;
  readonly events: Pick<EventRecorder, "tell">;
  readonly meter: GarbageMeter;
  readonly isDryRun: boolean;
}

/** What is done about garbage is logged, counted, and told as an event where it is done indeed. */
export class GarbageJournal implements LeaseJournal, BlockJournal, IdleJournal {
  readonly #deps: GarbageJournalDeps;

  constructor(deps: GarbageJournalDeps) {
    this.#deps = deps;
  }

  leaseReleased({ apiVersion, kind, metadata, spec }: IPLease, { name: node, cause, reason }: LostNode): void {
    const { address, pool, pod } = spec;
    const who = pod === undefined ? "no pod" : `pod ${pod.namespace}/${pod.name}`;
    this.#found("lease", cause);
    this.#say({ ip: address, pool, node, pod: who, reason }, "lease of a lost node given back");
    const ofPod = pod === undefined ? "it was of no pod" : `its ${who} is gone`;
    const note = `${address} was given back: ${reason}, and ${ofPod}`;
    const regarding = { apiVersion, kind, name: metadata.name, namespace: "", uid: metadata.uid ?? "" };
    this.#event(regarding, { reason: "LostNodeLeaseReleased", action: "Release", note });
  }

  leaseKept({ address, node, pool }: LeaseFact, reason: string): void {
    this.#deps.log.debug({ ip: formatAddress(address), pool, node, reason }, "lease of a lost node stays");
  }

  blockReturned({ name, uid, pool, node }: BlockFact, { cause, reason }: LostNode): void {
    this.#found("block", cause);
    this.#say({ block: name, pool, node, reason }, "block of a lost node given back");
    const regarding = { apiVersion: API_VERSION, kind: "IPBlock", name, namespace: "", uid };
    const note = `block ${name} of pool ${pool} was given back: ${reason}`;
    this.#event(regarding, { reason: "LostNodeBlockReturned", action: "Release", note });
  }

  poolRemoved({ name, uid }: IdlePool, idleMs: number): void {
    const hours = Math.round((idleMs / 3_600_000) * 10) / 10;
    this.#found("inline-pool", "idle");
    this.#say({ pool: name, hours }, "inline pool without leases removed");
    const regarding = { apiVersion: API_VERSION, kind: "IPPool", name, namespace: "", uid };
    const note = `pool ${name} was removed: made of inline ranges, and without a lease for ${hours} h`;
    this.#event(regarding, { reason: "IdleInlinePoolRemoved", action: "Remove", note });
  }

  braked(nodes: readonly LostNode[], going: number, all: number): void {
    const names = nodes.map(({ name }) => name).toSorted();
    this.#deps.log.error({ going, all, nodes: names.slice(0, 20) }, "nothing is given back: too much would go at once");
    const note = `no lease of a lost node is given back: ${going} of all ${all} would go at once (--garbage-max-percent)`;
    for (const name of names) {
      // The name stands for the uid of a node in its events, and this one may not exist.
      const regarding = { apiVersion: "v1", kind: "Node", name, namespace: "", uid: name };
      this.#event(regarding, { type: "Warning", reason: "GarbageBraked", action: "None", note });
    }
  }

  failed(what: string, err: unknown): void {
    this.#deps.log.warn({ err, what }, "garbage could not be removed and will be tried again");
  }

  #found(kind: GarbageKind, reason: GarbageReason): void {
    this.#deps.meter.garbageFound(kind, reason, this.#deps.isDryRun);
  }

  #say(fields: object, message: string): void {
    const { log, isDryRun } = this.#deps;
    log.info({ ...fields, isDryRun }, isDryRun ? `dry run: ${message}` : message);
  }

  #event(
    regarding: EventSubject,
    event: Omit<KubeEvent, "regarding" | "type"> & Partial<Pick<KubeEvent, "type">>,
  ): void {
    if (!this.#deps.isDryRun) this.#deps.events.tell({ type: "Normal", ...event, regarding });
  }
}
