import { FakeClock, MemoryLeaseStore, MemoryPoolStore, seededRandom } from "@cluster-ipam/allocator/testing";
import type { IPLease, IPLeaseSpec } from "@cluster-ipam/api";
import { NO_METER } from "../agent-meter.ts";
import type { AgentEvent } from "../reconciliation/events.ts";
import type { ReconcileMode, ReconcileReport } from "../reconciliation/reconcile-report.ts";
import { Reconciler } from "../reconciliation/reconciler.ts";
import { AgentWorld, never } from "./agent-world.ts";
import { MemoryPods } from "./memory-pods.ts";
import { poolOf } from "./objects.ts";

/** Node n1 with pool lan, its agent's verbs, and rounds of reconciliation that a test makes one by one. */
export class ReconcilingNode {
  readonly world: AgentWorld<MemoryLeaseStore, MemoryPoolStore, FakeClock>;
  readonly pods: MemoryPods;
  readonly events: AgentEvent[] = [];
  /** What was counted, such as `sandbox-gone` or `dry run: sandbox-gone`. */
  readonly counted: string[] = [];
  readonly reconciler: Reconciler;

  constructor(mode: ReconcileMode = "on") {
    const pools = new MemoryPoolStore();
    pools.put(poolOf("lan", ["10.0.0.0/24"]));
    const clock = new FakeClock();
    const pods = new MemoryPods();
    this.pods = pods;
    this.world = new AgentWorld({ leases: new MemoryLeaseStore(), pools, clock, random: seededRandom(1), pods });
    this.reconciler = this.anotherReconciler(mode);
  }

  /** One with no memory of earlier rounds, over the same agent. */
  anotherReconciler(mode: ReconcileMode = "on"): Reconciler {
    const reconciled = (finding: string, isDryRun: boolean): void => {
      this.counted.push(isDryRun ? `dry run: ${finding}` : finding);
    };
    const context = { ...this.world.agent, meter: { ...NO_METER, reconciled } };
    const events = { tell: (event: AgentEvent): void => void this.events.push(event) };
    return new Reconciler(context, { mode, events });
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

  /** Somebody deletes the lease of that address with kubectl. */
  async deleteByHand(address: string): Promise<void> {
    const { name, uid = "", resourceVersion = "" } = this.lease(address).metadata;
    await this.world.leases.delete({ name, uid, resourceVersion });
    this.takeCalls();
  }

  /** Somebody edits the lease of that address with kubectl. */
  async editByHand(address: string, change: Partial<IPLeaseSpec>): Promise<IPLease> {
    const lease = this.lease(address);
    const outcome = await this.world.leases.replace({ ...lease, spec: { ...lease.spec, ...change } });
    if (outcome.kind !== "replaced")
      throw new Error(`lease ${lease.metadata.name} could not be edited: ${outcome.kind}`);
    this.takeCalls();
    return outcome.lease;
  }

  /** The lease of that address as the server has it. */
  lease(address: string): IPLease {
    const found = this.world.leases.snapshot().find(({ spec }) => spec.address === address);
    if (found === undefined) throw new Error(`there is no lease of ${address}`);
    return found;
  }
}
