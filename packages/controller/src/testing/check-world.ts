import { attachedLease, FakeClock } from "@cluster-ipam/allocator/testing";
import type { IPBlock, IPLease, IPLeaseSpec, IPPool, ObjectMeta } from "@cluster-ipam/api";
import { type BlockFact, blockFact } from "../blocks/block-fact.ts";
import type { PodNetworks } from "../consistency/cluster-pods.ts";
import { type CheckParts, type CheckResult, checkConsistency } from "../consistency/consistency-check.ts";
import type { Finding } from "../consistency/finding.ts";
import { OddLeases } from "../consistency/odd-leases.ts";
import { leaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import type { NodeNetworks } from "../nodes/node-fact.ts";
import { readPool } from "../pools/pool-reader.ts";
import { PoolTable } from "../pools/pool-table.ts";

/** What a test says of a lease beside its specification. */
interface LeaseWords extends Partial<ObjectMeta> {
  /** Whether the copy of the cluster has it; it does when absent. */
  readonly isSeen?: boolean;
  /** Whether the server has it; it does when absent. */
  readonly isStored?: boolean;
}

/** One entry of the annotation. */
interface Network {
  readonly name?: string;
  readonly interface?: string;
  readonly ips?: readonly string[];
  readonly default?: boolean;
}

/** A cluster as a check sees it: nodes n1 and n2, pool lab with 10.0.0.0/24 and fd00::/64, and no pod. */
export class CheckWorld implements CheckParts {
  readonly leases: LeaseTable = new LeaseTable();
  readonly oddLeases: OddLeases = new OddLeases();
  readonly pools: PoolTable = new PoolTable((pool) => readPool(pool, this.nodes));
  /** What the copy has of the nodes; read when a pool is made. */
  readonly nodes: NodeNetworks[] = [];
  readonly clock: FakeClock = new FakeClock({ isAutomatic: true });
  /** Names of pods whose annotation could not be read. */
  readonly unreadable: string[] = [];
  /** What the server was asked for, such as `pods n1`. */
  readonly calls: string[] = [];
  /** Is thrown by every request. */
  failure: Error | undefined;
  readonly #blocks: BlockFact[] = [];
  readonly #stored = new Map<string, IPLease>();
  readonly #listed: { readonly node: string; readonly pod: PodNetworks }[] = [];
  readonly #running = new Map<string, PodNetworks>();

  get view(): CheckParts["view"] {
    const { leases, oddLeases, pools } = this;
    return { leases, oddLeases, pools, blocks: () => this.#blocks, nodeNames: () => ["n1", "n2"] };
  }

  readonly pods: CheckParts["pods"] = {
    ofNode: async (node) => {
      this.#called(`pods ${node}`);
      return this.#listed.filter((each) => each.node === node).map(({ pod }) => pod);
    },
    running: async (namespace, name) => {
      this.#called(`pod ${namespace}/${name}`);
      return this.#running.get(`${namespace}/${name}`);
    },
  };

  readonly store: CheckParts["store"] = {
    get: async (name) => {
      this.#called(`lease ${name}`);
      return this.#stored.get(name);
    },
  };

  readonly onUnreadable: CheckParts["onUnreadable"] = (namespace, name) => {
    this.unreadable.push(`${namespace}/${name}`);
  };

  /** Makes a lease, of interface net1 of pod default/web-0 on node n1 and of pool lab, but for what is said. */
  lease(
    address: string,
    spec: Partial<IPLeaseSpec> = {},
    { isSeen = true, isStored = true, ...metadata }: LeaseWords = {},
  ): IPLease {
    const draft = attachedLease(address, { pool: "lab", node: "n1", ...spec });
    const { name } = { ...draft.metadata, ...metadata };
    const lease = { ...draft, metadata: { uid: `u-${name}`, resourceVersion: "1", ...draft.metadata, ...metadata } };
    const fact = leaseFact(lease);
    if (isSeen && fact !== undefined) {
      this.leases.set(fact);
      this.oddLeases.look(lease, fact.address);
    }
    if (isStored) this.#stored.set(name, lease);
    return lease;
  }

  /** Takes a lease away from the copy of the cluster. */
  unsee(name: string): void {
    this.leases.delete(name);
    this.oddLeases.forget(name);
  }

  /** Makes a pool, or another version of it. */
  pool(pool: IPPool): void {
    this.pools.set(pool);
  }

  block(block: IPBlock, metadata: Partial<ObjectMeta> = {}): void {
    this.#blocks.push(blockFact({ ...block, metadata: { ...block.metadata, ...metadata } }));
  }

  /** Makes a running pod of the namespace default, that shows this. */
  pod(
    name: string,
    shown: readonly Network[] | string,
    { node = "n1", uid = `u-${name}` }: { readonly node?: string; readonly uid?: string } = {},
  ): void {
    const networkStatus = typeof shown === "string" ? shown : JSON.stringify(shown);
    const pod = { namespace: "default", name, uid, networkStatus };
    this.#listed.push({ node, pod });
    this.#running.set(`default/${name}`, pod);
  }

  /** What a read of now shows of a pod, unlike the list; undefined: it is not running. */
  becomes(name: string, change: Partial<PodNetworks> | undefined): void {
    const key = `default/${name}`;
    const before = this.#running.get(key);
    if (change === undefined || before === undefined) this.#running.delete(key);
    else this.#running.set(key, { ...before, ...change });
  }

  check(): Promise<CheckResult> {
    return checkConsistency(this, new AbortController().signal);
  }

  /** All that a check finds, in words. */
  async findings(): Promise<readonly Finding[]> {
    return (await this.check()).found.map((suspicion) => suspicion.describe());
  }

  #called(call: string): void {
    this.calls.push(call);
    if (this.failure !== undefined) throw this.failure;
  }
}
