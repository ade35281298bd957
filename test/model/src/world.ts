import type { IPLease } from "@cluster-ipam/api";
import { Administrator } from "./administrator.ts";
import { BlockRules } from "./block-rules.ts";
import { Chance } from "./chance.ts";
import type { WireObject } from "./change-feed.ts";
import { GarbageRules } from "./garbage-rules.ts";
import { StepInvariants } from "./invariants.ts";
import { KeepRules } from "./keep-rules.ts";
import { Ledger } from "./ledger.ts";
import { NodeLosses } from "./node-losses.ts";
import { performer } from "./performer.ts";
import type { Act, Plan } from "./plan.ts";
import { endRun } from "./reconciliation.ts";
import { Fates, type Fault } from "./request-fate.ts";
import { ReservationRules } from "./reservation-rules.ts";
import { SimulatedApiServer } from "./simulated-api-server.ts";
import { SimulatedController } from "./simulated-controller.ts";
import { SimulatedNode } from "./simulated-node.ts";
import { SimulatedRuntime } from "./simulated-runtime.ts";
import { Story, type StoryLine } from "./story.ts";
import type { Rule, Violation } from "./violation.ts";
import { VirtualTime } from "./virtual-time.ts";
import { installVirtualTimers } from "./virtual-timers.ts";

/** What a run was. */
export interface RunOutcome {
  /** The first rule that was broken. */
  readonly violation: Violation | undefined;
  readonly story: readonly StoryLine[];
  /** What happened to requests. */
  readonly faults: readonly Fault[];
  /** How many ADDs ended with an address. */
  readonly holders: number;
}

/**
 * Runs a plan from its beginning to its end, or to the first rule that is broken.
 *
 * @param mayHappen whether what chance would do to a request, named by its key, may be done to it
 */
export async function runPlan(plan: Plan, mayHappen: (key: string) => boolean = () => true): Promise<RunOutcome> {
  const world = new World(plan, mayHappen);
  const restore = installVirtualTimers(world.time);
  try {
    return await world.run();
  } finally {
    restore();
  }
}

/** Everything that there is in one run. */
class World {
  readonly time: VirtualTime = new VirtualTime();
  readonly #plan: Plan;
  readonly #story: Story;
  readonly #fates: Fates;
  readonly #server: SimulatedApiServer;
  readonly #nodes: readonly SimulatedNode[];
  readonly #ledger: Ledger = new Ledger();
  readonly #runtime: SimulatedRuntime;
  readonly #invariants: StepInvariants;
  readonly #administrator: Administrator;
  readonly #controller: SimulatedController | undefined;
  readonly #perform: (act: Act) => void;
  #violation: Violation | undefined;

  constructor(plan: Plan, mayHappen: (key: string) => boolean) {
    const { time } = this;
    const now = (): number => time.nowMs;
    const chance = new Chance(plan.seed);
    this.#plan = plan;
    const story = new Story(now);
    const server = new SimulatedApiServer(now, plan.nodes);
    const ledger = this.#ledger;
    this.#fates = new Fates(chance, plan.faultShare, mayHappen);
    const common = { time, story, server, fates: this.#fates, chance };
    const complain = this.#complain.bind(this);
    this.#nodes = plan.nodes.map(
      (node) => new SimulatedNode({ ...common, node, complain: (text) => complain("call-failed", text) }),
    );
    const nodeOf = (name: string): SimulatedNode => this.#nodeOf(name);
    const keepRules = new KeepRules({ ledger, history: server.history, controller: plan.controller, now, complain });
    const reservationRules = new ReservationRules({ ledger, complain });
    server.leases.onChange((change) => keepRules.changed(change));
    server.leases.onChange((change) => reservationRules.changed(change));
    const blockRules = new BlockRules({ ledger, server, complain });
    server.leases.onChange((change) => blockRules.leaseChanged(change));
    server.blocks.onChange((change) => blockRules.blockChanged(change));
    const garbageRules = new GarbageRules({ server, complain });
    server.leases.onChange((change) => garbageRules.leaseChanged(change));
    server.blocks.onChange((change) => garbageRules.blockChanged(change));
    server.pools.onEnd((pool, sentAtMs) => garbageRules.poolEnded(pool, sentAtMs));
    const told = (objects: readonly WireObject[]): void => keepRules.seen(objects.filter(isLease));
    const failed = (text: string): void => complain("call-failed", text);
    this.#controller =
      plan.controller && new SimulatedController({ ...common, plan: plan.controller, told, complain: failed });
    const answered = (names: readonly string[]): void => {
      keepRules.answered(names.flatMap((name) => server.leases.named(name) ?? []));
    };
    const { networks } = plan;
    this.#runtime = new SimulatedRuntime({ time, story, ledger, server, networks, nodeOf, answered, complain });
    this.#administrator = new Administrator({ time, story, server, ledger, nodeOf });
    const [runtime, administrator, controller] = [this.#runtime, this.#administrator, this.#controller];
    const losses = new NodeLosses({ ...common, ledger, runtime, nodeOf });
    this.#perform = performer({ runtime, administrator, controller, losses, ledger, story, nodeOf });
    this.#invariants = new StepInvariants({ ledger, server });
    this.#story = story;
    this.#server = server;
  }

  async run(): Promise<RunOutcome> {
    for (const { atMs, act } of this.#plan.operations) {
      this.time.schedule(this.#administrator.actor, atMs, () => this.#perform(act));
    }
    const lastMs = this.#plan.operations.at(-1)?.atMs ?? 0;
    if (await this.#pass(lastMs + 1)) await this.#end();
    const holders = this.#ledger.records.filter(({ addresses }) => addresses.length > 0).length;
    return { violation: this.#violation, story: this.#story.lines, faults: this.#fates.faults, holders };
  }

  #end(): Promise<void> {
    return endRun({
      plan: this.#plan,
      nodes: this.#nodes,
      controller: this.#controller,
      ledger: this.#ledger,
      server: this.#server,
      runtime: this.#runtime,
      fates: this.#fates,
      story: this.#story,
      complain: (rule, text) => this.#complain(rule, text),
      pass: (ms) => this.#pass(ms),
    });
  }

  async #pass(ms: number): Promise<boolean> {
    await this.time.runUntil(this.time.nowMs + ms, () => {
      const violation = this.#violation ?? this.#invariants.check();
      if (violation !== undefined) this.#complain(violation.rule, violation.text);
      return this.#violation !== undefined;
    });
    return this.#violation === undefined;
  }

  #complain(rule: Rule, text: string): void {
    this.#violation ??= { rule, text };
  }

  #nodeOf(name: string): SimulatedNode {
    const node = this.#nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new RangeError(`there is no node ${name}`);
    return node;
  }
}

function isLease(object: WireObject): object is WireObject & IPLease {
  return "kind" in object && object.kind === "IPLease";
}
