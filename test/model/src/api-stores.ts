import type {
  BlockCreateOutcome,
  BlockStore,
  ClusterFacts,
  CreateOutcome,
  DeleteOutcome,
  LeaseStore,
  LeaseVersion,
  NodePods,
  PoolStore,
  ReplaceOutcome,
  UnknownOutcome,
} from "@cluster-ipam/allocator";
import type { IPBlock, IPLease, IPPool } from "@cluster-ipam/api";
import type { SimulatedApiServer } from "./simulated-api-server.ts";

/** The way to the API server and back: what it does is told in words, for stories. */
export interface ApiLink {
  write<T>(text: string, effect: () => Promise<T>): Promise<T | UnknownOutcome>;
  read<T>(text: string, signal: AbortSignal, effect: () => Promise<T>): Promise<T>;
}

/** What is done on the server is done at once. */
const NEVER = new AbortController().signal;

/** The leases, over a link. */
export function leaseStoreOver(link: ApiLink, leases: LeaseStore): LeaseStore {
  return {
    create: (lease) => link.write<CreateOutcome>(`create ${lease.metadata.name}`, () => leases.create(lease)),
    replace: (lease) => link.write<ReplaceOutcome>(`replace ${lease.metadata.name}`, () => leases.replace(lease)),
    delete: (version: LeaseVersion) =>
      link.write<DeleteOutcome>(`delete ${version.name}`, () => leases.delete(version)),
    get: (name, signal) => link.read<IPLease | undefined>(`get ${name}`, signal, () => leases.get(name, NEVER)),
    listByNode: (node, signal) => link.read(`list the leases of ${node}`, signal, () => leases.listByNode(node, NEVER)),
    listByHolder: (holder, signal) =>
      link.read(`list the leases of holder ${holder}`, signal, () => leases.listByHolder(holder, NEVER)),
    listNames: (pool, signal) =>
      link.read(`list the leases of ${pool === undefined ? "all pools" : `pool ${pool}`}`, signal, () =>
        leases.listNames(pool, NEVER),
      ),
  };
}

/** The pools, over a link. */
export function poolStoreOver(link: ApiLink, { pools }: SimulatedApiServer): PoolStore {
  return {
    get: (name, signal) => link.read<IPPool | undefined>(`get pool ${name}`, signal, () => pools.get(name, NEVER)),
    list: (signal) => link.read("list pools", signal, () => pools.list(NEVER)),
    create: (pool, signal) => link.read(`create pool ${pool.metadata.name}`, signal, () => pools.create(pool, NEVER)),
  };
}

/** The blocks, over a link. */
export function blockStoreOver(link: ApiLink, blocks: BlockStore): BlockStore {
  return {
    create: (block) =>
      link.write<BlockCreateOutcome>(`create block ${block.metadata.name}`, () => blocks.create(block)),
    delete: (version: LeaseVersion) =>
      link.write<DeleteOutcome>(`delete block ${version.name}`, () => blocks.delete(version)),
    get: (name, signal) => link.read<IPBlock | undefined>(`get block ${name}`, signal, () => blocks.get(name, NEVER)),
    listByNode: (node, signal) => link.read(`list the blocks of ${node}`, signal, () => blocks.listByNode(node, NEVER)),
    listByPool: (pool, signal) =>
      link.read(`list the blocks of pool ${pool}`, signal, () => blocks.listByPool(pool, NEVER)),
  };
}

/** The pods, over a link. */
export function nodePodsOver(link: ApiLink, { pods }: SimulatedApiServer): NodePods {
  return {
    list: (node, signal) => link.read(`list the pods of ${node}`, signal, () => Promise.resolve(pods.of(node))),
    get: (_, name, signal) => link.read(`get pod ${name}`, signal, () => Promise.resolve(pods.get(name))),
  };
}

/** Nodes and namespaces, over a link. */
export function clusterFactsOver(link: ApiLink, { zones }: SimulatedApiServer): ClusterFacts {
  return {
    node: (name, signal) => link.read(`get node ${name}`, signal, () => zones.facts.node(name, NEVER)),
    namespace: (name, signal) => link.read(`get namespace ${name}`, signal, () => zones.facts.namespace(name, NEVER)),
  };
}
