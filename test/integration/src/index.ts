export { type ApiAccess, type ApiAnswer, ApiClient, type ApiRequest } from "./api-client.ts";
export { ApiServer } from "./api-server.ts";
export { type ApiUser, createUser } from "./api-user.ts";
export { clusterValues } from "./cluster-values.ts";
export {
  type CallOptions,
  type CniCall,
  type CniError,
  type CniOutcome,
  callAgent,
  callPlugin,
  cniEnvironment,
  type Pod,
  pluginEnvironment,
  SEARCH_PATH,
} from "./cni-call.ts";
export { CommandError, type CommandResult, mustRun, runCommand } from "./command.ts";
export { agentUser, ControlPlane, type ControlPlaneOptions, STRANGER } from "./control-plane.ts";
export { ControllerReplica } from "./controller-replica.ts";
export { createControllerAccount, ELECTION_LEASE } from "./controller-role.ts";
export { Daemon } from "./daemon.ts";
export { NETNS_FOLDER, ownerOf } from "./dead-runs.ts";
export { startEtcd } from "./etcd.ts";
export { onExit } from "./exit-cleanup.ts";
export { Fabric } from "./fabric.ts";
export { FaultyGateway } from "./faulty-gateway.ts";
export { listenForInterruption, untilInterrupted } from "./interruption.ts";
export { writeKubeconfig } from "./kubeconfig.ts";
export { kubectl } from "./kubectl.ts";
export { ipBatch, NetworkNamespace } from "./namespaces.ts";
export { type AttachOptions, addressesOf, type CniResult, type NetworkConfig, PodSandbox } from "./pod-sandbox.ts";
export { findFreePorts } from "./ports.ts";
export { runMain } from "./program.ts";
export { type FailedPair, type PingReport, pingAll, type Reachable } from "./reachability.ts";
export { countRequests, type RequestTotal, requestsBetween } from "./request-metrics.ts";
export type { RequestFate, SeenRequest } from "./request-trap.ts";
export { hasLinkType, requireRoot, requireSystemPrograms } from "./requirements.ts";
export { Run } from "./run.ts";
export { type ClusterOptions, SimulatedCluster } from "./simulated-cluster.ts";
export { type AgentOptions, SimulatedNode } from "./simulated-node.ts";
export { createPool, listLeases } from "./stored-objects.ts";
export { RequirementError, requireTools, toolPath } from "./tools.ts";
export { requestOverSocket } from "./unix-http.ts";
export { type WaitOptions, waitFor } from "./waiting.ts";
