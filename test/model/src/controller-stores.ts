import type { DeleteOutcome, LeaseVersion, ReplaceOutcome, StatusWrite } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { ClusterStores } from "@cluster-ipam/controller";
import { type ApiLink, leaseStoreOver, nodePodsOver } from "./api-stores.ts";
import type { Writer } from "./lease-log.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";

/** Where a controller's writes go, over a link: each says when it was sent, since it may be done long after that. */
export function controllerStores(link: ApiLink, server: SimulatedApiServer, now: () => number): ClusterStores {
  const writer = (): Writer => ({ kind: "controller", sentAtMs: now() });
  const reading = leaseStoreOver(link, server.leases.as(writer()));
  return {
    leases: {
      get: (name, signal) => reading.get(name, signal),
      listNames: (pool, signal) => reading.listNames(pool, signal),
      replace: (lease: IPLease) => {
        const leases = server.leases.as(writer());
        return link.write<ReplaceOutcome>(`replace ${lease.metadata.name}`, () => leases.replace(lease));
      },
      delete: (version: LeaseVersion) => {
        const leases = server.leases.as(writer());
        return link.write<DeleteOutcome>(`delete ${version.name}`, () => leases.delete(version));
      },
    },
    blocks: {
      delete: (version: LeaseVersion) => {
        const blocks = server.blocks.as(writer());
        return link.write<DeleteOutcome>(`delete block ${version.name}`, () => blocks.delete(version));
      },
    },
    pools: {
      writeStatus: (pool) =>
        link.write<StatusWrite>(`write the status of pool ${pool.metadata.name}`, () => server.pools.writeStatus(pool)),
      delete: (version: LeaseVersion) => {
        const sentAtMs = now();
        return link.write<DeleteOutcome>(`delete pool ${version.name}`, () => server.pools.delete(version, sentAtMs));
      },
    },
    pods: nodePodsOver(link, server),
    nodes: {
      read: (name, signal) => link.read(`get node ${name}`, signal, () => Promise.resolve(server.nodes.read(name))),
    },
    clusterPods: { ofNode: unasked, running: unasked },
  };
}

/** Only checks ask for it, which no controller of the model does. */
function unasked(): Promise<never> {
  return Promise.reject(new Error("nobody is to ask for this"));
}
