import {
  API_PATH,
  asIPPool,
  BLOCK_RESOURCE,
  type IPPool,
  LEASE_RESOURCE,
  type NodeState,
  POOL_RESOURCE,
} from "@cluster-ipam/api";
import {
  type CachedObject,
  type Clock,
  Informer,
  type InformerMeter,
  type KubeClient,
  WorkQueue,
} from "@cluster-ipam/kube";
import { type BlockFact, blockFact } from "./blocks/block-fact.ts";
import { OddLeases } from "./consistency/odd-leases.ts";
import type { LeaseFact } from "./leases/lease-fact.ts";
import { readLease } from "./leases/lease-reader.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { SharedTexts } from "./leases/shared-texts.ts";
import { StrayLeases } from "./leases/stray-leases.ts";
import { type NodeFact, networksHandler, networksOf, nodeFact } from "./nodes/node-fact.ts";
import { readPool } from "./pools/pool-reader.ts";
import { PoolTable } from "./pools/pool-table.ts";

/**
 * A page is held as text and as objects at once, several times the memory of what is kept of it; the server looks at all
 * leases for each page, however small it is.
 */
const LEASE_PAGE_SIZE = 1_000;

/** Nodes come in crowds, and a reading goes over all of them: for 5,000 of two networks each it takes a quarter of a second. */
const NODE_POOLS_INTERVAL_MS = 5_000;
/** The one key of their queue. */
const NODE_POOLS = "node-pools";

/** Who is told of what has changed; called in the midst of what the server sends, so must be quick. */
export interface ClusterViewer {
  /** A lease is another one by now; `after` is undefined where it is gone. */
  leaseChanged(before: LeaseFact | undefined, after: LeaseFact | undefined): void;
  /** What is to be said of these pools may be something else. */
  poolsChanged(names: Iterable<string>): void;
  /** The server has an object that this controller cannot read: the two are of different versions. */
  unreadable(resource: string, name: string, cause: Error): void;
}

/** What a {@link ClusterView} is made of. */
export interface ClusterViewOptions {
  readonly client: Pick<KubeClient, "request" | "stream">;
  /** Counts what the copy of a resource goes through. */
  readonly meterOf: (resource: string) => InformerMeter;
  readonly clock: Clock;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
}

/** What is taken for granted of a node that is there and cannot be read. */
const ANSWERING: NodeState = { isReady: true, isOutOfService: false };

/** Copies of the cluster's pools, leases, blocks and nodes, which stay in step until the view is closed. */
export class ClusterView {
  readonly leases: LeaseTable = new LeaseTable();
  readonly oddLeases: OddLeases = new OddLeases();
  readonly pools: PoolTable = new PoolTable((pool) => readPool(pool, networksOf(this.#nodes.values())));
  readonly strays: StrayLeases = new StrayLeases(this.pools, this.leases);
  readonly #pools: Informer<IPPool>;
  readonly #leases: Informer<LeaseFact>;
  readonly #blocks: Informer<BlockFact>;
  readonly #nodes: Informer<NodeFact>;
  readonly #nodePools: WorkQueue;
  #isSynced = false;
  #viewer: ClusterViewer | undefined;

  constructor({ client, meterOf, clock, random }: ClusterViewOptions) {
    const parts = { client, clock, random };
    const nodes = { path: "/api/v1/nodes", decode: nodeFact, meter: meterOf("nodes") };
    const pools = { path: `${API_PATH}/${POOL_RESOURCE}`, decode: asIPPool, meter: meterOf(POOL_RESOURCE) };
    const texts = new SharedTexts();
    const decode = (object: unknown): LeaseFact => readLease(object, { texts, odd: this.oddLeases });
    const leases = { path: `${API_PATH}/${LEASE_RESOURCE}`, decode, meter: meterOf(LEASE_RESOURCE) };
    const blocks = { path: `${API_PATH}/${BLOCK_RESOURCE}`, decode: blockFact, meter: meterOf(BLOCK_RESOURCE) };
    this.#nodes = new Informer({ ...parts, ...nodes });
    this.#pools = new Informer({ ...parts, ...pools });
    this.#blocks = new Informer({ ...parts, ...blocks });
    this.#leases = new Informer({ ...parts, ...leases, pageSize: LEASE_PAGE_SIZE });
    const queue = { parallelism: 1, minIntervalMs: NODE_POOLS_INTERVAL_MS };
    this.#nodePools = new WorkQueue({ ...queue, clock, random, work: async () => this.#rereadNodePools() });
  }

  /** Reads everything, and stays in step from then on; once. Resolves when all has been read once. */
  async start(viewer: ClusterViewer): Promise<void> {
    this.#viewer = viewer;
    this.#nodes.subscribe(networksHandler(() => this.#networksChanged()));
    const setPool = (found: CachedObject<IPPool>): void => this.#setPool(found);
    this.#pools.subscribe({ added: setPool, changed: setPool, deleted: ({ key }) => this.#deletePool(key) });
    const setLease = (found: CachedObject<LeaseFact>): void => this.#setLease(found);
    this.#leases.subscribe({ added: setLease, changed: setLease, deleted: ({ key }) => this.#deleteLease(key) });
    const unreadable = (found: CachedObject<BlockFact>): void => this.#tellUnreadable(BLOCK_RESOURCE, found);
    this.#blocks.subscribe({ added: unreadable, changed: unreadable });
    for (const informer of this.#informers()) informer.start();
    await Promise.all(this.#informers().map(({ synced }) => synced));
    this.#isSynced = true;
    this.#rereadNodePools();
  }

  /** Every block that can be read. */
  blocks(): BlockFact[] {
    return [...this.#blocks.values()].flatMap((found) => (found.kind === "object" ? [found.value] : []));
  }

  /** A node as the watch has last told; undefined where there is none of that name. */
  node(name: string): NodeState | undefined {
    const found = this.#nodes.get(name);
    return found?.kind === "unreadable" ? ANSWERING : found?.value;
  }

  /** Tells `seen` of each node whenever the watch says that it is there, be it only for a moment. */
  onNodeSeen(seen: (name: string) => void): void {
    const tell = ({ key }: Pick<CachedObject<NodeFact>, "key">): void => seen(key);
    this.#nodes.subscribe({ added: tell, changed: tell });
  }

  /** Names of all nodes. */
  nodeNames(): string[] {
    return [...this.#nodes.values()].map(({ key }) => key);
  }

  /** Ends the watches. */
  async close(): Promise<void> {
    await Promise.all([...this.#informers(), this.#nodePools].map((each) => each.close()));
  }

  #informers(): readonly Pick<Informer<unknown>, "start" | "synced" | "close">[] {
    return [this.#nodes, this.#pools, this.#leases, this.#blocks];
  }

  #tellUnreadable<T>(resource: string, found: CachedObject<T>): void {
    if (found.kind === "unreadable") this.#viewer?.unreadable(resource, found.key, found.cause);
  }

  /** While the nodes are listed, what they have is not all of it. */
  #networksChanged(): void {
    if (this.#isSynced) this.#nodePools.add(NODE_POOLS);
  }

  #rereadNodePools(): void {
    for (const name of this.pools.names()) {
      if (this.pools.get(name)?.pool.spec.source === undefined) continue;
      const concerned = this.pools.reread(name);
      if (concerned.size > 0) this.#poolChanged(name, concerned);
    }
  }

  #setPool(found: CachedObject<IPPool>): void {
    if (found.kind === "unreadable") {
      this.#tellUnreadable(POOL_RESOURCE, found);
      return this.#deletePool(found.key);
    }
    const before = this.pools.get(found.key)?.sets;
    const concerned = this.pools.set(found.value);
    // No lease goes astray by a status.
    if (this.pools.get(found.key)?.sets === before) this.#viewer?.poolsChanged(concerned);
    else this.#poolChanged(found.key, concerned);
  }

  #deletePool(name: string): void {
    this.#poolChanged(name, [name, ...this.pools.delete(name)]);
  }

  #poolChanged(name: string, concerned: Iterable<string>): void {
    this.strays.poolChanged(name);
    this.#viewer?.poolsChanged(concerned);
  }

  #setLease(found: CachedObject<LeaseFact>): void {
    if (found.kind === "unreadable") {
      this.#tellUnreadable(LEASE_RESOURCE, found);
      return this.#deleteLease(found.key);
    }
    const before = this.leases.set(found.value);
    this.#leaseChanged(before, found.value);
  }

  #deleteLease(name: string): void {
    this.oddLeases.forget(name);
    this.#leaseChanged(this.leases.delete(name), undefined);
  }

  #leaseChanged(before: LeaseFact | undefined, after: LeaseFact | undefined): void {
    this.strays.leaseChanged(before, after);
    this.#viewer?.leaseChanged(before, after);
    // Address and pool of a lease never change: either version tells whom it concerns.
    const lease = after ?? before;
    if (lease !== undefined) this.#viewer?.poolsChanged(this.pools.concernedBy(lease));
  }
}
