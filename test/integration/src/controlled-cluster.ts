import { API_PATH, type Condition, type IPPool, type IPPoolStatus, POOL_RESOURCE } from "@cluster-ipam/api";
import { type CniCall, callPlugin } from "./cni-call.ts";
import type { ControlPlane } from "./control-plane.ts";
import { ControllerReplica } from "./controller-replica.ts";
import { createControllerAccount, ELECTION_LEASE } from "./controller-role.ts";
import { resultOf } from "./ipam-calls.ts";
import type { CniResult } from "./pod-sandbox.ts";
import { type ClusterOptions, SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { createPool } from "./stored-objects.ts";
import { waitFor } from "./waiting.ts";

/** A machine that has much else to do. */
const SOON_MS = 30_000;

/** Nodes with agents and a real controller, which leads from the beginning on. Needs root. */
export class ControlledCluster {
  readonly cluster: SimulatedCluster;
  readonly replica: ControllerReplica;
  #pools = 0;

  private constructor(cluster: SimulatedCluster, replica: ControllerReplica) {
    this.cluster = cluster;
    this.replica = replica;
  }

  /** Starts nodes, their agents and a controller. What it has made is removed when it fails. */
  static async start(options: Pick<ClusterOptions, "nodes">): Promise<ControlledCluster> {
    const cluster = await SimulatedCluster.start(options);
    try {
      const { run, controlPlane } = cluster;
      await cluster.startAgents();
      const kubeconfigPath = await createControllerAccount(run, controlPlane);
      await freeElection(controlPlane);
      return new ControlledCluster(cluster, await ControllerReplica.start(run, "c1", { kubeconfigPath }));
    } catch (err) {
      await cluster.close();
      throw err;
    }
  }

  get controlPlane(): ControlPlane {
    return this.cluster.controlPlane;
  }

  node(name: string): SimulatedNode {
    return this.cluster.node(name);
  }

  /** Makes a pool. @returns its name, which no other pool has */
  async pool(spec: Parameters<typeof createPool>[2]): Promise<string> {
    this.#pools += 1;
    const name = `pool-${this.#pools}`;
    await createPool(this.controlPlane, name, spec);
    return name;
  }

  /** Edits a pool, by a merge patch of its spec. */
  async editPool(name: string, spec: object): Promise<void> {
    const path = `${API_PATH}/${POOL_RESOURCE}/${name}`;
    const contentType = "application/merge-patch+json";
    const { api } = this.controlPlane;
    const { status, text } = await api.send({ method: "PATCH", path, body: JSON.stringify({ spec }), contentType });
    if (status !== 200) throw new Error(`pool ${name} could not be edited: ${text}`);
  }

  /** The status of a pool, once it is as `isMet` wants it. @throws Error with the last one when that takes too long */
  async untilStatus(name: string, isMet: (status: IPPoolStatus) => boolean): Promise<IPPoolStatus> {
    let status: IPPoolStatus = {};
    const look = async (): Promise<true | undefined> => {
      const pool = (await this.controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}/${name}`)) as IPPool;
      status = pool.status ?? {};
      return isMet(status) ? true : undefined;
    };
    await waitFor(look, { what: `the status of ${name}`, timeoutMs: SOON_MS }).catch((cause: unknown) => {
      throw new Error(`the status of ${name} is ${JSON.stringify(status)}`, { cause });
    });
    return status;
  }

  /** The result of a call on a node, as soon as it succeeds: an agent may have read a pool before the controller did. */
  async untilDone(node: string, call: CniCall): Promise<CniResult> {
    const attempt = async (): Promise<CniResult | undefined> => {
      const outcome = await callPlugin(this.node(node).socketPath, call);
      return outcome.kind === "success" ? resultOf(outcome) : undefined;
    };
    return await waitFor(attempt, { what: `${call.command} to succeed on ${node}`, timeoutMs: SOON_MS });
  }

  async close(): Promise<void> {
    await this.cluster.close();
  }
}

/** Whether a condition holds; undefined where there is none of that type. */
export function conditionOf({ conditions = [] }: IPPoolStatus, type: string): Condition["status"] | undefined {
  return conditions.find((one) => one.type === type)?.status;
}

/** A Lease that is held by nobody: the first replica need not wait for a leader that it has not seen. */
async function freeElection({ api }: ControlPlane): Promise<void> {
  const { namespace, name } = ELECTION_LEASE;
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec: {} };
  await api.ensure(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, JSON.stringify(lease));
}
