import { join } from "node:path";
import { Agent, type AgentMeter, NodeSandboxes, readNodeFile, SpoolFolder } from "@cluster-ipam/agent";
import { EventRecorder, SYSTEM_CLOCK } from "@cluster-ipam/kube";
import {
  ApiBlockStore,
  ApiClusterFacts,
  ApiHolderStates,
  ApiLeaseStore,
  ApiNodePods,
  ApiPoolStore,
} from "@cluster-ipam/store";
import type { Logger } from "@cluster-ipam/telemetry";
import type { ApiConnection } from "./api-connection.ts";
import type { AgentConfig } from "./config.ts";

/** The agent of this node, over the API server, the node's own namespaces and its disk. It begins to read at once. */
export function createAgent(
  config: AgentConfig,
  { client, circuit }: ApiConnection,
  { log, meter }: { readonly log: Logger; readonly meter: AgentMeter },
): Agent {
  return new Agent({
    node: config.nodeName,
    leases: new ApiLeaseStore(client),
    pools: new ApiPoolStore(client),
    facts: new ApiClusterFacts(client),
    blocks: new ApiBlockStore(client),
    holders: new ApiHolderStates(client),
    pods: new ApiNodePods(client),
    date: () => new Date(),
    sandboxes: new NodeSandboxes(),
    spool: new SpoolFolder(join(config.stateDir, "spool"), { log, clock: SYSTEM_CLOCK, meter }),
    clock: SYSTEM_CLOCK,
    random: Math.random,
    log,
    meter,
    circuit,
    apiServer: client.server,
    readFile: readNodeFile,
    readKernelCommandLine: () => readNodeFile(config.kernelCommandLine),
    nodeAddresses: () => config.nodeAddresses.read(),
    inlinePools: config.inlinePools,
    reconciliation: {
      mode: config.reconcile,
      events: new EventRecorder({
        client,
        reportingController: "cluster-ipam.io/agent",
        reportingInstance: config.nodeName,
        onLost: ({ reason, note }, answer) => log.debug({ reason, note, answer }, "event could not be sent"),
      }),
    },
  });
}
