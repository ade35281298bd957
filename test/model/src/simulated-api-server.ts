import { MemoryBlockStore, MemoryLeaseStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { API_VERSION, type IPLease, leaseName } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { PoolHistory } from "./pool-history.ts";
import { poolObject } from "./pool-objects.ts";
import { SimulatedPods } from "./simulated-pods.ts";
import { addressText, type HostNumber, type PoolPlan } from "./small-network.ts";
import { Actor } from "./virtual-time.ts";

/**
 * The API server: objects with uids and resourceVersions in a store that is held to the conformance suite, what
 * administrators did to its pools, and whether it can be reached.
 */
export class SimulatedApiServer {
  readonly actor: Actor = new Actor("the API server");
  readonly leases: MemoryLeaseStore = new MemoryLeaseStore();
  readonly pools: MemoryPoolStore = new MemoryPoolStore();
  readonly blocks: MemoryBlockStore = new MemoryBlockStore();
  readonly pods: SimulatedPods = new SimulatedPods();
  /** What its pools were at any moment. */
  readonly history: PoolHistory;
  isAway = false;
  /** Grows with each write that may have changed a lease. */
  writes = 0;
  /** Requests that are on their way to it. */
  awaited = 0;

  constructor(now: () => number) {
    this.history = new PoolHistory(now);
  }

  /** An administrator makes a pool, or edits it. */
  putPool(plan: PoolPlan): void {
    this.history.begin(plan);
    this.pools.put(poolObject(plan));
  }

  /** An administrator deletes a pool, or those that agents made for a network of that name. */
  async deletePool(name: string): Promise<void> {
    this.history.end(name);
    const { pools: there } = await this.pools.list(new AbortController().signal);
    const meant = there.filter(({ metadata }) => metadata.name === name || metadata.name.startsWith(`${name}-`));
    for (const { metadata } of meant) this.pools.remove(metadata.name);
  }

  /** An administrator keeps an IPv4 address back by hand; it stays where it is when somebody has it. */
  async reserve(number: HostNumber): Promise<void> {
    const text = addressText(4, number);
    const address = parseAddress(text);
    if (address === undefined) throw new RangeError(`${text} is no address`);
    const spec: IPLease["spec"] = {
      address: text,
      prefixLength: 28,
      pool: "lan",
      addressSpace: "",
      network: "",
      node: "",
      containerID: "",
      ifName: "",
      holder: "",
      reserved: { reason: "a printer has it" },
    };
    const metadata = { name: leaseName(address, "") };
    this.writes += 1;
    await this.leases.create({ apiVersion: API_VERSION, kind: "IPLease", metadata, spec });
  }

  /** An administrator deletes the lease of that name. */
  async deleteLease(name: string): Promise<void> {
    const lease = await this.leases.get(name, new AbortController().signal);
    const { uid, resourceVersion } = lease?.metadata ?? {};
    if (uid === undefined || resourceVersion === undefined) return;
    this.writes += 1;
    await this.leases.delete({ name, uid, resourceVersion });
  }
}
