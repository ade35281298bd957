import { leaseName } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { AnswerJudge, type OpenAdd } from "./answer-judge.ts";
import { type AttachmentRecord, describe } from "./attachment-record.ts";
import { configText, wireRequest } from "./cni-call.ts";
import type { Ledger } from "./ledger.ts";
import { type Act, type AttachmentPlan, fixedText, netnsOf } from "./plan.ts";
import { addressesOf, codeOf, describeAdd, describeAnswer, describeDelivery } from "./plugin-answer.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { PluginAnswer, SimulatedNode } from "./simulated-node.ts";
import type { NetworkPlan } from "./small-network.ts";
import type { Story } from "./story.ts";
import type { Rule } from "./violation.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** Code of what may go well when it is tried again. */
const TRY_AGAIN = 11;
/** Code of an ADD that asks for an address which somebody else has. */
const TAKEN = 102;
/** Codes of failures that the world can cause: try again, no pool, pool full, taken, not in a range, no such index. */
const CODES_OF_ADD = new Set([TRY_AGAIN, 100, 101, TAKEN, 103, 104]);
/** Code of an ADD whose pool is not for its node or namespace. */
const NOT_ALLOWED = 105;
/** Code of a CHECK that found something wrong. */
const CHECK_FAILED = 106;
/** A runtime repeats a DEL that failed after so long, and so often. */
const DEL_AGAIN = { afterMs: 2_000, times: 2 } as const;

/** What a runtime works with. */
export interface RuntimeParts {
  readonly time: VirtualTime;
  readonly story: Story;
  readonly ledger: Ledger;
  readonly server: SimulatedApiServer;
  readonly networks: readonly NetworkPlan[];
  readonly nodeOf: (name: string) => SimulatedNode;
  /** An agent has said in its answer to an ADD that the attachment has the leases of these names. */
  readonly answered: (names: readonly string[]) => void;
  readonly complain: (rule: Rule, text: string) => void;
}

type AddAct = Extract<Act, { kind: "add" }>;
type DelAct = Extract<Act, { kind: "del" }>;
type GcAct = Extract<Act, { kind: "gc" }>;

/** The callers of all nodes: they start plugins, and hold every answer against what they know. */
export class SimulatedRuntime {
  readonly #parts: RuntimeParts;
  readonly #judge: AnswerJudge;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.#judge = new AnswerJudge(parts);
  }

  /** Begins an ADD, unless its sandbox is dead: no runtime asks for one then. */
  add(act: AddAct): void {
    const { time, ledger, story } = this.#parts;
    const { attachment, deliveryMs, hangUpMs } = act;
    const node = this.#nodeOf(attachment);
    if (ledger.isDead(attachment) || node.isLost) return;
    node.sandboxes.make(netnsOf(attachment), attachment.pod.isVisible);
    this.#parts.server.pods.make(attachment.pod);
    const record = ledger.addBegins(attachment, time.nowMs);
    const open = this.#judge.begin(attachment, this.#networkOf(attachment.network), record);
    story.tell(`${node.name}: ADD of ${describe(attachment)} begins${describeAdd(act)}`);
    node.call({
      wire: this.#wire("ADD", attachment, {}),
      deliveryMs,
      hangUpMs,
      said: (answer, by) => {
        record.said = answer.status === 200 ? "success" : "error";
        record.by = by;
        if (answer.status === 200) this.#parts.answered(this.#namesOf(open, addressesOf(answer.body)));
      },
      done: (answer) => this.#addDone(open, answer),
    });
  }

  /** Begins a DEL, and repeats it when it fails. */
  del(act: DelAct, repeats: number = DEL_AGAIN.times): void {
    const { time, ledger, story } = this.#parts;
    const { attachment, deliveryMs, isStripped } = act;
    const node = this.#nodeOf(attachment);
    if (node.isLost) return;
    const startedAtMs = time.nowMs;
    ledger.delBegins(attachment, startedAtMs);
    story.tell(`${node.name}: DEL of ${describe(attachment)} begins${describeDelivery(deliveryMs)}`);
    node.call({
      wire: this.#wire("DEL", attachment, { isStripped }),
      deliveryMs,
      hangUpMs: undefined,
      said: () => undefined,
      done: (answer) => {
        story.tell(`${node.name}: DEL of ${describe(attachment)} ${describeAnswer(answer)}`);
        if ("by" in answer) this.#delAnswered(ledger.of(attachment), answer, startedAtMs);
        else if (repeats > 0) time.schedule(node.plugins, DEL_AGAIN.afterMs, () => this.del(act, repeats - 1));
      },
    });
  }

  /** Begins a CHECK of an attachment that holds something. */
  check(attachment: AttachmentPlan): void {
    const record = this.#parts.ledger.of(attachment);
    const { holding } = record;
    if (holding === undefined) return;
    const node = this.#nodeOf(attachment);
    node.call({
      wire: this.#wire("CHECK", attachment, { previous: record.addresses }),
      deliveryMs: 1,
      hangUpMs: undefined,
      said: () => undefined,
      done: (answer) => {
        // Whose lease was deleted by hand is right to hear of it.
        if (
          record.robbed.size > 0 ||
          record.holding !== holding ||
          !("by" in answer) ||
          codeOf(answer.body) !== CHECK_FAILED
        )
          return;
        this.#parts.complain("lost-lease", `CHECK of ${describe(attachment)} ${describeAnswer(answer)}`);
      },
    });
  }

  /** Begins a GC of a network: valid is what the runtime has in its cache, which an ADD under way is not. */
  gc({ node: nodeName, network, deliveryMs }: GcAct): void {
    const { ledger, story } = this.#parts;
    const node = this.#parts.nodeOf(nodeName);
    const cached = ledger.records.filter(
      ({ plan, addresses, isReleased }) =>
        plan.pod.node === nodeName && addresses.length > 0 && !isReleased && !ledger.isDead(plan),
    );
    story.tell(`${nodeName}: GC of ${network} begins${describeDelivery(deliveryMs)}`);
    const config = configText(this.#networkOf(network), { valid: cached.map(({ plan }) => plan) });
    const wire = wireRequest({ command: "GC", startedAtNs: node.bootTimeNs(), config });
    node.call({
      wire,
      deliveryMs,
      hangUpMs: undefined,
      said: () => undefined,
      done: () => undefined,
    });
  }

  #addDone(open: OpenAdd, answer: PluginAnswer): void {
    const { ledger, story, complain } = this.#parts;
    const attachment = open.plan;
    story.tell(`${attachment.pod.node}: ADD of ${describe(attachment)} ${describeAnswer(answer)}`);
    if (!("by" in answer)) return;
    if (answer.status !== 200) {
      const code = codeOf(answer.body);
      if (code !== TRY_AGAIN) this.#judge.judgeFailure(open);
      if (code === TAKEN) this.#judge.judgeTaken(open);
      if (code === NOT_ALLOWED) this.#judge.judgeRefusal(open);
      else if (!CODES_OF_ADD.has(code))
        complain("call-failed", `ADD of ${describe(attachment)} ${describeAnswer(answer)}`);
      return;
    }
    const addresses = addressesOf(answer.body);
    this.#judge.judge(open, addresses);
    const names = this.#namesOf(open, addresses);
    if (ledger.addReturned(attachment, open.record, names)) ledger.of(attachment).addresses = addresses;
  }

  #namesOf({ network }: OpenAdd, addresses: readonly string[]): readonly string[] {
    return addresses.map((address) => nameOf(address, network.pool.addressSpace));
  }

  #delAnswered(
    record: AttachmentRecord,
    answer: Extract<PluginAnswer, { readonly by: unknown }>,
    startedAtMs: number,
  ): void {
    if (answer.status === 200) record.confirmedDels.push({ startedAtMs, by: answer.by });
    else this.#parts.complain("call-failed", `DEL of ${describe(record.plan)} ${describeAnswer(answer)}`);
  }

  #wire(
    command: "ADD" | "DEL" | "CHECK",
    attachment: AttachmentPlan,
    more: { readonly isStripped?: boolean; readonly previous?: readonly string[] },
  ): ReturnType<typeof wireRequest> {
    const config = configText(this.#networkOf(attachment.network), { ...more, fixed: fixedText(attachment) });
    return wireRequest({ command, startedAtNs: this.#nodeOf(attachment).bootTimeNs(), config, attachment });
  }

  #nodeOf({ pod }: AttachmentPlan): SimulatedNode {
    return this.#parts.nodeOf(pod.node);
  }

  #networkOf(name: string): NetworkPlan {
    const network = this.#parts.networks.find((candidate) => candidate.name === name);
    if (network === undefined) throw new RangeError(`there is no network ${name}`);
    return network;
  }
}

function nameOf(address: string, addressSpace: string): string {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new RangeError(`${address} is no address`);
  return leaseName(parsed, addressSpace);
}
