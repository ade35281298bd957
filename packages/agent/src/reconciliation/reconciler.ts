import type { AgentContext } from "../agent-context.ts";
import { releaseGoneSandboxes, SANDBOX_PATIENCE_MS } from "./gone-sandboxes.ts";
import { Journal } from "./journal.ts";
import { examineOusted } from "./lost-leases.ts";
import type { ReconcileMode, ReconcileReport } from "./reconcile-report.ts";
import type { ReconciliationDeps } from "./reconciliation-deps.ts";
import type { Evidence, Round } from "./round.ts";
import { compareWithServer, settleOpenQuestions } from "./server-comparison.ts";
import { Suspicions } from "./suspicions.ts";
import { hasUnseen, POD_PATIENCE_MS, releasePodless } from "./unseen-sandboxes.ts";

/**
 * How often the agent looks at its node's namespaces, sooner where something looks stale; how often it asks for pods, as
 * long as there is anything for them to decide; and for its own leases, which costs the server a scan of all. Each is
 * stretched or shortened at random by up to `jitter`, so that nodes do not come together.
 */
const EVERY = { lookMs: 120_000, podsMs: POD_PATIENCE_MS, listMs: 6 * 3_600_000, jitter: 0.1 } as const;

/** What a round looks at beside the namespaces. */
interface Scope {
  readonly withList: boolean;
  readonly withPods: boolean;
}

interface RoundResult {
  readonly report: ReconcileReport;
  /** Whether the server's list was had. */
  readonly isListed: boolean;
}

/**
 * Holds the node's leases against its network namespaces, its pods where it must, and the server: the agent answers for
 * its node. Asks nothing of the API server while nothing looks wrong, but for the rare list of its own leases.
 */
export class Reconciler {
  readonly #agent: AgentContext;
  readonly #deps: ReconciliationDeps;
  readonly #evidence: Evidence = {
    gone: new Suspicions(SANDBOX_PATIENCE_MS),
    podless: new Suspicions(POD_PATIENCE_MS),
    squatters: new Suspicions(SANDBOX_PATIENCE_MS),
    ousted: new Suspicions(SANDBOX_PATIENCE_MS),
    told: new Set(),
    unsettled: new Set(),
    isBlindnessTold: false,
  };
  /** One round at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(agent: AgentContext, deps: ReconciliationDeps) {
    this.#agent = agent;
    this.#deps = deps;
  }

  /** Whether anything is done at all. */
  get mode(): ReconcileMode {
    return this.#deps.mode;
  }

  /** Makes round after round until `signal` aborts; the node's leases must have been read. */
  async runUntil(signal: AbortSignal): Promise<void> {
    if (this.mode === "off") return;
    const { clock } = this.#agent;
    let listAtMs = clock.nowMs() + this.#jittered(EVERY.listMs);
    let podsAtMs = clock.nowMs();
    while (!signal.aborted) {
      const scope = { withList: clock.nowMs() >= listAtMs, withPods: clock.nowMs() >= podsAtMs };
      const { isListed } = await this.#round(scope, signal);
      // A list that could not be had is asked for again with the next look.
      if (isListed) listAtMs = clock.nowMs() + this.#jittered(EVERY.listMs);
      if (scope.withPods) podsAtMs = clock.nowMs() + this.#podsPauseMs();
      await clock.sleep(this.#pauseMs(), signal);
    }
  }

  /** A whole round now, with the lists of leases and, where they decide anything, of pods. */
  async reconcile(signal: AbortSignal): Promise<ReconcileReport> {
    const { report } = await this.#round({ withList: true, withPods: true }, signal);
    return report;
  }

  #round(scope: Scope, signal: AbortSignal): Promise<RoundResult> {
    const running = this.#last.then(() => this.#makeRound(scope, signal));
    this.#last = running;
    return running;
  }

  async #makeRound(scope: Scope, signal: AbortSignal): Promise<RoundResult> {
    const { log, meter, attachments, pods } = this.#agent;
    const isDryRun = this.mode === "dry-run";
    const journal = new Journal({ log, meter, events: this.#deps.events, isDryRun, signal });
    const round: Round = { agent: this.#agent, pods, evidence: this.#evidence, journal, isDryRun, signal };
    let isListed = false;
    try {
      isListed = await this.#look(round, scope);
    } catch (err) {
      log.error({ err }, "reconciliation failed by a defect");
      journal.failures.push(String(err));
    }
    const { done, suspected, failures } = journal;
    return { isListed, report: { mode: this.mode, leases: attachments.size, done, suspected, failures } };
  }

  async #look(round: Round, { withList, withPods }: Scope): Promise<boolean> {
    const { squatters, podless } = this.#evidence;
    this.#agent.sandboxes.refresh();
    squatters.beginLook();
    const isListed = withList && (await compareWithServer(round));
    if (!isListed) await settleOpenQuestions(round);
    await examineOusted(round);
    squatters.endLook();
    await releaseGoneSandboxes(round);
    if (withPods && (podless.size > 0 || hasUnseen(round))) await releasePodless(round);
    return isListed;
  }

  #podsPauseMs(): number {
    return this.#evidence.podless.size > 0 ? POD_PATIENCE_MS : this.#jittered(EVERY.podsMs);
  }

  #pauseMs(): number {
    const { gone, squatters, ousted } = this.#evidence;
    return gone.size + squatters.size + ousted.size > 0 ? SANDBOX_PATIENCE_MS : this.#jittered(EVERY.lookMs);
  }

  #jittered(ms: number): number {
    const { random } = this.#agent.allocator;
    return ms * (1 + EVERY.jitter * (2 * random() - 1));
  }
}
