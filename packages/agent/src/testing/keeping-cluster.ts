import {
  FakeClock,
  IPV4,
  KeptLeaseEnder,
  MemoryLeaseStore,
  MemoryPoolStore,
  seededRandom,
  type TestNetwork,
} from "@cluster-ipam/allocator/testing";
import type { IPLeaseSpec, IPPoolSpec } from "@cluster-ipam/api";
import { AgentWorld } from "./agent-world.ts";
import { MemoryPods } from "./memory-pods.ts";
import type { MemorySpool } from "./memory-spool.ts";
import type { MemoryWorld } from "./memory-world.ts";
import { watchedPool } from "./objects.ts";

/** Nodes over one API server in memory, a pool `lan` that keeps addresses, and what ends that as the controller does. */
export class KeepingCluster {
  readonly leases: MemoryLeaseStore = new MemoryLeaseStore();
  readonly pools: MemoryPoolStore = new MemoryPoolStore();
  readonly pods: MemoryPods = new MemoryPods();
  readonly clock: FakeClock = new FakeClock();
  readonly ender: KeptLeaseEnder = new KeptLeaseEnder(
    {
      list: () => Promise.resolve(this.leases.snapshot()),
      delete: (version) => this.leases.delete(version),
      poolSeconds: () => Promise.resolve(undefined),
    },
    this.clock,
  );

  readonly #network: TestNetwork;

  /** @param network that pool lan hands out, unless it is told otherwise */
  constructor(network: TestNetwork = IPV4.network) {
    this.#network = network;
  }

  /** Makes or edits pool lan, which a controller has looked at. */
  putPool(spec: Partial<IPPoolSpec>, subnets: readonly string[] = [this.#network.subnet]): void {
    this.pools.put(watchedPool("lan", subnets, spec));
  }

  /** An agent of a node, that has read what the node holds. */
  async startAgent(node: string = "n1", spool?: MemorySpool): Promise<MemoryWorld> {
    const { leases, pools, pods, clock } = this;
    const random = seededRandom(1);
    const world = new AgentWorld({
      node,
      leases,
      pools,
      pods,
      clock,
      random,
      ...(spool === undefined ? {} : { spool }),
    });
    await world.load();
    this.takeCalls();
    return world;
  }

  /** What was asked of the lease store since the last time. */
  takeCalls(): string[] {
    return this.leases.faults.calls.splice(0).map(({ operation }) => operation);
  }

  /** What the server has of the one lease that there is. */
  onlyLease(): IPLeaseSpec {
    const [lease, ...more] = this.leases.snapshot();
    if (lease === undefined || more.length > 0) throw new Error(`expected one lease, there are ${more.length + 1}`);
    return lease.spec;
  }
}
