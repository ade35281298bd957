import type { NodePods, PodIdentity } from "@cluster-ipam/allocator";
import { FakeClock, MemoryLeaseStore, MemoryPoolStore, seededRandom } from "@cluster-ipam/allocator/testing";
import type { IPLease, IPLeaseSpec } from "@cluster-ipam/api";
import { NO_METER } from "../agent-meter.ts";
import type { AgentEvent } from "../reconciliation/events.ts";
import type { ReconcileMode, ReconcileReport } from "../reconciliation/reconcile-report.ts";
import { Reconciler } from "../reconciliation/reconciler.ts";
import { AgentWorld, never } from "./agent-world.ts";
import { poolOf } from "./objects.ts";

/** Pods that the server has because a test says so. */
export class MemoryPods implements NodePods {
  readonly #pods = new Map<string, PodIdentity>();
  /** What was asked, such as `list n1`. */
  readonly calls: string[] = [];
  /** From now on every answer is this error. */
  failure: Error | undefined;

  put(pod: Pick<PodIdentity, "namespace" | "name" | "uid"> & Partial<PodIdentity>): void {
    this.#pods.set(`${pod.namespace}/${pod.name}`, { annotations: {}, ...pod });
  }

  remove(namespace: string, name: string): void {
    this.#pods.delete(`${namespace}/${name}`);
  }

  async list(node: string): Promise<readonly PodIdentity[]> {
    this.calls.push(`list ${node}`);
    if (this.failure !== undefined) throw this.failure;
    return [...this.#pods.values()];
  }

  async get(namespace: string, name: string): Promise<PodIdentity | undefined> {
    this.calls.push(`get ${namespace}/${name}`);
    if (this.failure !== undefined) throw this.failure;
    return this.#pods.get(`${namespace}/${name}`);
  }
}

/** Node n1 with pool lan, its agent's verbs, and rounds of reconciliation that a test makes one by one. */
export class ReconcilingNode {
  readonly world: AgentWorld<MemoryLeaseStore, MemoryPoolStore, FakeClock>;
  readonly pods: MemoryPods = new MemoryPods();
  readonly events: AgentEvent[] = [];
  /** What was counted, such as `sandbox-gone` or `dry run: sandbox-gone`. */
  readonly counted: string[] = [];
  readonly reconciler: Reconciler;

  constructor(mode: ReconcileMode = "on") {
    const pools = new MemoryPoolStore();
    pools.put(poolOf("lan", ["10.0.0.0/24"]));
    const clock = new FakeClock();
    this.world = new AgentWorld({ leases: new MemoryLeaseStore(), pools, clock, random: seededRandom(1) });
    this.reconciler = this.anotherReconciler(mode);
  }

  /** One with no memory of earlier rounds, over the same agent. */
  anotherReconciler(mode: ReconcileMode = "on"): Reconciler {
    const reconciled = (finding: string, isDryRun: boolean): void => {
      this.counted.push(isDryRun ? `dry run: ${finding}` : finding);
    };
    const context = { ...this.world.agent, meter: { ...NO_METER, reconciled } };
    const events = { tell: (event: AgentEvent): void => void this.events.push(event) };
    return new Reconciler(context, { mode, pods: this.pods, events });
  }

  /** A whole round, as somebody asks for it. */
  round(): Promise<ReconcileReport> {
    return this.reconciler.reconcile(never());
  }

  /** A round, time, and another round. */
  async roundsApart(ms: number): Promise<ReconcileReport> {
    await this.round();
    await this.world.clock.advance(ms);
    return this.round();
  }

  /** What was asked of the lease store since the last time, such as `get 10.0.0.5`. */
  takeCalls(): string[] {
    return this.world.leases.faults.calls.splice(0).map(({ operation, name }) => `${operation} ${name}`);
  }

  /** The leases that the server has, as `address container`. */
  leases(): string[] {
    return this.world.leases.snapshot().map(({ spec }) => `${spec.address} ${spec.containerID}`);
  }

  /** Somebody deletes the lease with kubectl. */
  async deleteByHand(name: string): Promise<void> {
    const { uid = "", resourceVersion = "" } = this.lease(name).metadata;
    await this.world.leases.delete({ name, uid, resourceVersion });
    this.takeCalls();
  }

  /** Somebody edits the lease with kubectl. */
  async editByHand(name: string, change: Partial<IPLeaseSpec>): Promise<IPLease> {
    const lease = this.lease(name);
    const outcome = await this.world.leases.replace({ ...lease, spec: { ...lease.spec, ...change } });
    if (outcome.kind !== "replaced") throw new Error(`lease ${name} could not be edited: ${outcome.kind}`);
    this.takeCalls();
    return outcome.lease;
  }

  /** The lease of that name as the server has it. */
  lease(name: string): IPLease {
    const found = this.world.leases.snapshot().find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`there is no lease ${name}`);
    return found;
  }
}
