import { setTimeout as delay } from "node:timers/promises";
import type { Dice } from "@cluster-ipam/test-model";
import { type AttachmentRecord, describe } from "./attachment.ts";
import type { Ledger } from "./ledger.ts";
import { describeEnd, type PluginEnd } from "./plugin-answer.ts";
import type { PluginCall } from "./plugin-process.ts";
import type { Runtime } from "./runtime.ts";
import type { Tally } from "./tally.ts";
import type { Rule } from "./violation.ts";

/** "Try again later": the one error that an ADD may end with here. */
const TRY_AGAIN_LATER = 11;
/** How often a runtime repeats a DEL whose plugin did not run. */
const MAX_DEL_RUNS = 5;
/** Attachments that one caller keeps alive beside the one that it works on. */
const MAX_KEPT = 2;
/** Longest life of an attachment that is not kept, and longest pause before the next. */
const MAX_LIFE_MS = 900;
const MAX_PAUSE_MS = 300;
/** A plugin is killed within this time of its start: before, while and after the agent works on its call. */
const MAX_KILL_AFTER_MS = 60;

/** What happens to an attachment that has its addresses, and how likely. The rest is deleted after a short life. */
const FATES = { kept: 0.1, vanishes: 0.03, addedAgain: 0.06, checked: 0.06, deletedTwice: 0.05 } as const;
/** What a runtime does after a failed ADD; else it sends DEL and is done, as containerd and Multus are. */
const GIVE_UP = { vanishes: 0.1, addedAgain: 0.2 } as const;
const KILL_SHARE = 0.04;

/** What the callers of one run share. */
export interface CallerDeps {
  readonly ledger: Ledger;
  readonly tally: Tally;
  /** Milliseconds since the start of the run. */
  readonly nowMs: () => number;
}

/** One of the parallel loops: what a container runtime does to one pod after the other. */
export class Caller {
  readonly #runtime: Runtime;
  readonly #dice: Dice;
  readonly #deps: CallerDeps;
  readonly #kept: AttachmentRecord[] = [];

  constructor(runtime: Runtime, dice: Dice, deps: CallerDeps) {
    this.#runtime = runtime;
    this.#dice = dice;
    this.#deps = deps;
  }

  /** One attachment after the other until `signal` fires; the last one is brought to its end. */
  async runUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#liveOnce(signal);
      await pause(this.#dice.between(0, MAX_PAUSE_MS), signal);
    }
  }

  /** Deletes what it keeps. */
  async deleteKept(): Promise<void> {
    for (const record of this.#kept.splice(0)) await this.#delete(record);
  }

  /** One ADD and one DEL, as soon as an ADD succeeds. @returns whether one did before `signal` fired */
  async probe(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const record = await this.#open();
      const isServed = await this.#add(record);
      await this.#delete(record);
      if (isServed) return true;
      await pause(MAX_PAUSE_MS, signal);
    }
    return false;
  }

  async #liveOnce(signal: AbortSignal): Promise<void> {
    const record = await this.#open();
    const killed = this.#dice.happens(KILL_SHARE)
      ? AbortSignal.timeout(Math.ceil(this.#dice.between(1, MAX_KILL_AFTER_MS)))
      : undefined;
    if (!(await this.#add(record, killed))) return this.#giveUp(record);
    await pause(this.#dice.between(0, MAX_LIFE_MS), signal);
    await this.#meetFate(record, signal);
  }

  async #meetFate(record: AttachmentRecord, signal: AbortSignal): Promise<void> {
    if (this.#dice.happens(FATES.vanishes)) return this.#vanish(record);
    if (this.#dice.happens(FATES.checked)) await this.#check(record);
    if (this.#dice.happens(FATES.addedAgain) && !(await this.#addAgain(record))) return this.#giveUp(record);
    if (this.#dice.happens(FATES.kept)) return this.#keep(record);
    await this.#delete(record, { isTwice: this.#dice.happens(FATES.deletedTwice), signal });
  }

  async #giveUp(record: AttachmentRecord): Promise<void> {
    // An agent that still works on the ADD would see no sandbox, and leave the lease to the pod for ten minutes.
    if (!record.isAddUnderWay && this.#dice.happens(GIVE_UP.vanishes)) return this.#vanish(record);
    if (this.#dice.happens(GIVE_UP.addedAgain) && (await this.#comeBack(record))) return this.#keep(record);
    await this.#delete(record);
  }

  /**
   * The same container attaches again, after the DEL that the specification asks for in between. Not where a write may
   * come late after its agent has died: what the next but one agent finds of that for a sandbox that lives on stays until
   * the sandbox's last DEL.
   *
   * @returns whether it has its addresses
   */
  async #comeBack(record: AttachmentRecord): Promise<boolean> {
    if (!this.#runtime.doubts.noneSince(record.doubtMark)) return false;
    return (await this.#tryDelete(record)) && (await this.#add(record));
  }

  async #keep(record: AttachmentRecord): Promise<void> {
    this.#kept.push(record);
    const oldest = this.#kept.length > MAX_KEPT ? this.#kept.shift() : undefined;
    if (oldest !== undefined) await this.#delete(oldest);
  }

  /** The sandbox dies, and nobody says DEL. */
  async #vanish(record: AttachmentRecord): Promise<void> {
    this.#deps.ledger.letGo(record);
    this.#deps.tally.vanished += 1;
    await this.#runtime.end(record.attachment);
  }

  async #open(): Promise<AttachmentRecord> {
    const mark = this.#runtime.doubts.mark();
    return this.#deps.ledger.open(await this.#runtime.createSandbox(this.#dice), mark);
  }

  /** @returns whether it has its addresses */
  async #add(record: AttachmentRecord, signal?: AbortSignal): Promise<boolean> {
    const { ledger, tally } = this.#deps;
    // What an earlier ADD gave does not count until this one has answered.
    ledger.letGo(record);
    const end = await this.#call(record, { command: "ADD", signal });
    if (end.kind === "result") {
      ledger.hold(record, end.addresses);
      tally.adds += 1;
      return true;
    }
    record.hasFailedAdd = true;
    record.isAddUnderWay = end.kind === "killed";
    this.#judge(record, end);
    return false;
  }

  /** An ADD of an attachment that has its addresses gives the same ones. */
  async #addAgain(record: AttachmentRecord): Promise<boolean> {
    const before = record.holding ?? [];
    if (!(await this.#add(record))) return false;
    const now = record.holding ?? [];
    if (before.join() !== now.join()) {
      const text = `${describe(record.attachment)} had ${before.join(" and ")}, then ${now.join(" and ")}`;
      this.#violate("other-answer", text, record);
    }
    return true;
  }

  async #check(record: AttachmentRecord): Promise<void> {
    const end = await this.#call(record, { command: "CHECK", addresses: record.holding });
    if (end.kind === "done") this.#deps.tally.checks += 1;
    else this.#judge(record, end);
  }

  async #delete(
    record: AttachmentRecord,
    { isTwice = false, signal }: { readonly isTwice?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#deps.ledger.letGo(record);
    for (let run = 1; !(await this.#tryDelete(record)) && run < MAX_DEL_RUNS; run += 1) {
      this.#deps.tally.repeated += 1;
      await pause(MAX_PAUSE_MS, signal);
    }
    if (isTwice) await this.#tryDelete(record);
    await this.#runtime.end(record.attachment);
  }

  /** @returns whether the plugin ran: a runtime repeats a DEL whose plugin did not */
  async #tryDelete(record: AttachmentRecord): Promise<boolean> {
    const { tally } = this.#deps;
    const end = await this.#call(record, { command: "DEL" });
    if (end.kind === "not-run") return false;
    if (end.kind === "done") {
      tally.dels += 1;
      record.isReleased ||= this.#runtime.doubts.noneSince(record.doubtMark);
    } else this.#violate(ruleFor(end), `DEL of ${describe(record.attachment)} ${describeEnd(end)}`, record);
    return true;
  }

  /** An ADD or CHECK without success: only "try again later" is right. */
  #judge(record: AttachmentRecord, end: PluginEnd): void {
    const { tally } = this.#deps;
    if (end.kind === "killed") tally.killedCalls += 1;
    else if (end.kind === "not-run") tally.repeated += 1;
    else if (end.kind === "error" && end.code === TRY_AGAIN_LATER) tally.refused += 1;
    else this.#violate(ruleFor(end), `a call for ${describe(record.attachment)} ${describeEnd(end)}`, record);
  }

  #violate(rule: Rule, text: string, { attachment }: AttachmentRecord): void {
    this.#deps.ledger.violate({ rule, text, containerIds: [attachment.containerId] });
  }

  async #call(
    record: AttachmentRecord,
    call: Pick<PluginCall, "command" | "addresses" | "signal">,
  ): Promise<PluginEnd> {
    const startedAtMs = this.#deps.nowMs();
    const end = await this.#runtime.call({ ...call, attachment: record.attachment });
    const { command } = call;
    record.calls.push({ command, startedAtMs, endedAtMs: this.#deps.nowMs(), said: describeEnd(end) });
    return end;
  }
}

function ruleFor(end: PluginEnd): Rule {
  if (end.kind === "unanswered") return "unanswered";
  return end.kind === "malformed" ? "bad-answer" : "call-failed";
}

/** Cut short by the signal. */
async function pause(timeMs: number, signal?: AbortSignal): Promise<void> {
  await delay(timeMs, undefined, { signal }).catch(() => undefined);
}
