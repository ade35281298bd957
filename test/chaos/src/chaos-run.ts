import { setTimeout as delay } from "node:timers/promises";
import { countRequests, listLeases } from "@cluster-ipam/test-integration";
import { Chance } from "@cluster-ipam/test-model";
import { AgentLog } from "./agent-log.ts";
import { Caller } from "./caller.ts";
import { type ChaosCluster, startChaosCluster } from "./chaos-cluster.ts";
import { type Evidence, failureOf } from "./evidence.ts";
import { LeaseWatch } from "./lease-watch.ts";
import { Ledger } from "./ledger.ts";
import { Load } from "./load.ts";
import type { Scale } from "./scale.ts";
import type { Faulted, Scenario } from "./scenario.ts";
import { type Settling, untilReconciled, untilReleased } from "./settling.ts";
import { type Summary, tallySince } from "./summary.ts";
import { emptyTally } from "./tally.ts";
import { holdingsOf, lostLeases } from "./verdict.ts";
import type { Violation } from "./violation.ts";

/** How a run is set up. */
export interface ChaosOptions {
  readonly seed: number;
  readonly scale: Scale;
  /** Hears how far the run has come. */
  readonly say: (text: string) => void;
  /** Ends it early; what it made is removed by {@link ChaosRun.close}. */
  readonly signal: AbortSignal;
}

/** How long an ADD may take to be served again after everything works. */
const SERVING_TIMEOUT_MS = 60_000;

/** Scenarios one after the other on one cluster, with one ledger. */
export class ChaosRun implements AsyncDisposable {
  readonly #options: ChaosOptions;
  readonly #parts: ChaosCluster;
  readonly #chance: Chance;
  readonly #ledger = new Ledger();
  readonly #tally = emptyTally();
  readonly #callers: readonly Caller[];
  readonly #logs: readonly AgentLog[];
  /** Violations that were thrown already. */
  #thrown = 0;

  private constructor(options: ChaosOptions, parts: ChaosCluster, chance: Chance) {
    this.#options = options;
    this.#parts = parts;
    this.#chance = chance;
    this.#logs = parts.cluster.nodes.map((node) => new AgentLog(node));
    const startedAtMs = performance.now();
    const deps = { ledger: this.#ledger, tally: this.#tally, nowMs: () => performance.now() - startedAtMs };
    this.#callers = Array.from({ length: options.scale.callers }, (_, index) => {
      const runtime = parts.runtimes[index % parts.runtimes.length];
      if (runtime === undefined) throw new RangeError("a run needs a node");
      return new Caller(runtime, chance.of(`caller ${index}`), deps);
    });
  }

  /** Starts the cluster. Needs root. */
  static async open(options: ChaosOptions): Promise<ChaosRun> {
    const chance = new Chance(options.seed);
    const { signal, say } = options;
    return new ChaosRun(options, await startChaosCluster({ chance, signal, onProgress: say }), chance);
  }

  /**
   * Runs one scenario under load and holds it to what needs no reconciliation: no address has two holders, every holder
   * has its leases, every DEL succeeded, and what it released is gone.
   *
   * @throws ChaosFailure
   */
  async play(scenario: Scenario): Promise<Summary> {
    const startedAtMs = performance.now();
    await this.#turnReconciliation("off");
    const before = { tally: { ...this.#tally }, kills: this.#kills(), conflicts: await this.#conflicts() };
    await this.#playUnderLoad(scenario).catch((error: unknown) => this.#fail(error));
    await this.#assert(await untilReleased(this.#settling()));
    const conflicts = await this.#conflicts();
    return {
      name: scenario.name,
      tally: tallySince(before.tally, this.#tally),
      kills: this.#kills() - before.kills,
      // The server counts anew after each of its own starts.
      conflicts: conflicts >= before.conflicts ? conflicts - before.conflicts : conflicts,
      seconds: (performance.now() - startedAtMs) / 1_000,
    };
  }

  /**
   * The whole verdict, once the agents have compared their leases with the sandboxes: the leases are those of the living
   * attachments.
   *
   * @returns the number of living attachments
   * @throws ChaosFailure
   */
  async reconcile(): Promise<number> {
    await this.#turnReconciliation("on");
    await this.#assert(await untilReconciled(this.#settling()));
    return this.#ledger.holders.length;
  }

  /** Deletes what still lives; no lease is left then, and with patience nothing is pending. @throws ChaosFailure */
  async deleteAll(): Promise<void> {
    await Promise.all(this.#callers.map((caller) => caller.deleteKept()));
    const { isPatient } = this.#options.scale;
    await this.#assert(await untilReconciled({ ...this.#settling(), isPatient }));
  }

  /** Ends and removes everything. */
  async close(): Promise<void> {
    await this.#parts.cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * One agent compares its leases with the sandboxes all the time: it must harm no living one. The other does not before
   * the end: what a DEL forgets must not be made good so.
   */
  async #turnReconciliation(mode: "on" | "off"): Promise<void> {
    const [agent] = this.#parts.agents;
    if (agent?.turnReconciliation(mode) === true) await agent.restart();
  }

  async #playUnderLoad(scenario: Scenario): Promise<void> {
    const load = new Load(this.#callers);
    const watching = new AbortController();
    const watched = new LeaseWatch(this.#parts.cluster.controlPlane, this.#ledger).runUntil(watching.signal);
    load.start();
    try {
      await scenario.run(this.#faulted(scenario));
      await this.#untilServing();
      for (const agent of this.#parts.agents) await agent.assertRunning();
      await this.#readLogs();
    } finally {
      watching.abort();
      await load.stop();
      await watched;
    }
  }

  async #readLogs(): Promise<void> {
    for (const log of this.#logs) {
      for (const text of await log.takeDefects()) {
        this.#ledger.violate({ rule: "agent-defect", text, containerIds: [] });
      }
    }
  }

  /** One ADD on each node, for one caller of each. */
  async #untilServing(): Promise<void> {
    const deadline = AbortSignal.any([this.#options.signal, AbortSignal.timeout(SERVING_TIMEOUT_MS)]);
    const probes = this.#callers.slice(0, this.#parts.runtimes.length);
    const served = await Promise.all(probes.map((caller) => caller.probe(deadline)));
    this.#options.signal.throwIfAborted();
    if (!served.includes(false)) return;
    this.#ledger.violate({ rule: "not-serving", text: `for ${SERVING_TIMEOUT_MS / 1_000} s`, containerIds: [] });
  }

  /** @throws ChaosFailure with what the ledger has seen since the last time, what is lost now, and `more` */
  async #assert(more: readonly Violation[]): Promise<void> {
    const holdings = holdingsOf(this.#ledger);
    const lost = lostLeases(holdings, await listLeases(this.#parts.cluster.controlPlane));
    for (const violation of [...lost, ...more]) {
      if (!this.#ledger.hasTold(violation.text)) this.#ledger.violate(violation);
    }
    const violations = this.#ledger.violations.slice(this.#thrown);
    this.#thrown += violations.length;
    if (violations.length > 0) throw await failureOf(violations, this.#evidence());
  }

  /** Something else than a rule: an agent that has ended by itself, a server that does not come back. */
  async #fail(error: unknown): Promise<never> {
    throw this.#options.signal.aborted
      ? error
      : await failureOf(this.#ledger.violations.slice(this.#thrown), this.#evidence(), error);
  }

  #evidence(): Evidence {
    return { seed: this.#options.seed, cluster: this.#parts.cluster, ledger: this.#ledger };
  }

  #faulted({ name }: Scenario): Faulted {
    const { scale, say, signal } = this.#options;
    const sleep = async (timeMs: number): Promise<void> => {
      await delay(timeMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    };
    return { ...this.#parts, chance: this.#chance, dice: this.#chance.of(name), scale, say, sleep };
  }

  #settling(): Settling {
    const { cluster, agents } = this.#parts;
    const isTold = ({ text }: Violation): boolean => this.#ledger.hasTold(text);
    const { signal } = this.#options;
    return { controlPlane: cluster.controlPlane, agents, ledger: this.#ledger, signal, isTold };
  }

  #kills(): number {
    return this.#parts.agents.reduce((sum, { kills }) => sum + kills, 0);
  }

  async #conflicts(): Promise<number> {
    const totals = await this.#parts.cluster.controlPlane.requestTotals();
    return countRequests(totals, { verb: "POST", resource: "ipleases", code: "409" });
  }
}
