import type { AgentProcess } from "./agent-process.ts";
import { type AttachmentPlan, containerIdOf } from "./plan.ts";

/** One ADD, as its caller and the agent's socket saw it. */
export interface AddRecord {
  readonly startedAtMs: number;
  /** The addresses that the attachment held when it began, none of them deleted by hand; undefined: none. */
  readonly repeats: readonly string[] | undefined;
  /** What the agent handed to the socket, whether or not anybody read it. */
  said: "success" | "error" | undefined;
  /** Which agent said it. */
  by: AgentProcess | undefined;
}

/** One attachment, as its runtime knows it. */
export class AttachmentRecord {
  readonly plan: AttachmentPlan;
  readonly adds: AddRecord[] = [];
  /** DELs that were answered, with their start. */
  readonly confirmedDels: { readonly startedAtMs: number; readonly by: AgentProcess }[] = [];
  /** Names of the leases that it holds: its last ADD returned success, no DEL has begun since, its sandbox lives. */
  holding: readonly string[] | undefined;
  /** Of these, the leases that somebody has deleted by hand, and which agent was there to see; until they are back. */
  readonly robbed: Map<string, AgentProcess | undefined> = new Map();
  /** The addresses that its last ADD returned. */
  addresses: readonly string[] = [];
  /** When the last DEL began. */
  deletedAtMs: number = Number.NEGATIVE_INFINITY;

  constructor(plan: AttachmentPlan) {
    this.plan = plan;
  }

  /** Whether the last word of the runtime on it was a DEL, and the agent has answered that. */
  get isReleased(): boolean {
    const lastAddMs = this.adds.at(-1)?.startedAtMs ?? Number.NEGATIVE_INFINITY;
    return this.confirmedDels.some(({ startedAtMs }) => startedAtMs > lastAddMs);
  }

  /** Whether each ADD since the last answered DEL was refused by the agent. */
  get isRefused(): boolean {
    const adds = this.#addsSinceDel(Number.POSITIVE_INFINITY);
    return adds.length > 0 && adds.every(({ said }) => said === "error");
  }

  /** Whether each ADD ever was refused by an agent that lived to say so. */
  get wasNeverServed(): boolean {
    return this.adds.length > 0 && this.adds.every(({ said }) => said === "error");
  }

  /** Whether one ADD was answered with success, and another never, its agent being killed over it. */
  get isSplit(): boolean {
    const said = new Set(this.adds.map((add) => add.said));
    return said.has("success") && said.has(undefined);
  }

  /** Start of the first ADD whose answer a call that began at `startedAtMs` may repeat. */
  eraStartMs(startedAtMs: number): number {
    return this.#addsSinceDel(startedAtMs)[0]?.startedAtMs ?? startedAtMs;
  }

  #addsSinceDel(beforeMs: number): readonly AddRecord[] {
    const dels = this.confirmedDels.filter((del) => del.startedAtMs < beforeMs);
    const sinceMs = Math.max(Number.NEGATIVE_INFINITY, ...dels.map((del) => del.startedAtMs));
    return this.adds.filter((add) => add.startedAtMs > sinceMs);
  }
}

/** Key of an attachment's record. */
export function keyOf(plan: AttachmentPlan): string {
  return `${plan.network}/${containerIdOf(plan)}/${plan.ifName}`;
}

/** `net1 of pod web-0 (u1-1) on lan`, for stories. */
export function describe(plan: AttachmentPlan): string {
  return `${plan.ifName} of pod ${plan.pod.name} (container ${containerIdOf(plan)}) on ${plan.network}`;
}
