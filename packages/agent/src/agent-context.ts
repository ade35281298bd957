import {
  type AllocatorDeps,
  type BlockStore,
  BusyNames,
  type Clock,
  type ClusterFacts,
  type HolderStates,
  type LeaseStore,
  type NodePods,
  OccupancyHints,
  type PoolStore,
  type Random,
  SharedRead,
} from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { Cidr } from "@cluster-ipam/ip";
import type { Logger } from "@cluster-ipam/telemetry";
import type { AgentMeter } from "./agent-meter.ts";
import type { ApiCircuit } from "./api-circuit.ts";
import { AttachmentGate } from "./attachments/attachment-gate.ts";
import { Attachments } from "./attachments/attachments.ts";
import { Overtaking } from "./attachments/overtaking.ts";
import type { Sandboxes } from "./attachments/sandbox.ts";
import { slimLease } from "./attachments/slim-lease.ts";
import { AgentBlocks } from "./blocks/agent-blocks.ts";
import { ignoredKeysNote } from "./pools/ignored-keys.ts";
import type { InlinePolicy } from "./pools/pool-call.ts";
import type { ReconciliationDeps } from "./reconciliation/reconciliation-deps.ts";
import { leftoversOf } from "./releases/leftovers.ts";
import { PendingReleases } from "./releases/pending-releases.ts";
import { poolKeepingOf } from "./releases/pool-keeping.ts";
import type { Spool } from "./releases/spool.ts";
import { SpooledReleases } from "./releases/spooled-releases.ts";
import { FactsCache } from "./server-facts/facts-cache.ts";
import { PoolCache } from "./server-facts/pool-cache.ts";

/** What an agent is made of; everything that is not its own state is injected. */
export interface AgentDeps {
  readonly node: string;
  readonly leases: LeaseStore;
  readonly pools: PoolStore;
  readonly facts: ClusterFacts;
  readonly blocks: BlockStore;
  readonly holders: HolderStates;
  /** The pods of the cluster: for leases whose sandbox nobody sees, and for whether an address is kept for its pod. */
  readonly pods: NodePods;
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  /** The time of day, which is told to people alone. */
  readonly date: () => Date;
  readonly random: Random;
  readonly log: Logger;
  readonly meter: AgentMeter;
  /** Whether the API server behind the stores gives answers. */
  readonly circuit: ApiCircuit;
  /** URL of the API server, for messages. */
  readonly apiServer: string;
  /** Where releases outlive the process that owes them. */
  readonly spool: Spool;
  /** Reads a file of the node as UTF-8. */
  readonly readFile: (path: string) => string;
  /** Reads the node's kernel command line. */
  readonly readKernelCommandLine: () => string;
  /** The node's own addresses with the prefix length of their subnets; [] when nobody has told them. */
  readonly nodeAddresses: () => readonly Cidr[];
  /** Whether ipam sections may bring ranges and addresses of their own; absent: they may. */
  readonly inlinePools?: InlinePolicy;
  /** How the node's leases are held against its sandboxes, pods and the server; absent: not at all. */
  readonly reconciliation?: ReconciliationDeps;
}

/** What the node itself tells, read anew for each call. */
type NodeFacts = Pick<AgentDeps, "sandboxes" | "readFile" | "readKernelCommandLine" | "nodeAddresses">;

/** What the verbs work with: the state of one agent, and the world around it. */
export interface AgentContext
  extends Pick<AgentDeps, "node" | "pods" | "clock" | "log" | "meter" | "circuit" | "apiServer">,
    NodeFacts {
  readonly store: LeaseStore;
  readonly pools: PoolCache;
  readonly facts: FactsCache;
  readonly inlinePools: InlinePolicy;
  readonly attachments: Attachments;
  readonly gate: AttachmentGate;
  readonly overtaking: Overtaking;
  readonly pending: PendingReleases;
  readonly spooled: SpooledReleases;
  /** The node's leases as the server has them. */
  readonly nodeLeases: SharedRead<readonly IPLease[]>;
  readonly blocks: AgentBlocks;
  readonly allocator: AllocatorDeps;
  /** Tells each ignored key of a network's ipam section to the log, once. */
  readonly noteIgnoredKeys: (network: string, keys: readonly string[]) => void;
}

/** The state of an agent that has read nothing yet. */
export function createContext(deps: AgentDeps): AgentContext {
  const { node, leases: store, holders, pods, date, clock, random, log, meter, circuit, apiServer, spool } = deps;
  const { sandboxes, readFile, readKernelCommandLine, nodeAddresses } = deps;
  const attachments = new Attachments(sandboxes);
  const pending = new PendingReleases(clock);
  const overtaking = new Overtaking(clock);
  const pools = new PoolCache(deps.pools, clock, log);
  const poolsOverlapping = pools.overlapping.bind(pools);
  const keeping = poolKeepingOf({ pools, pods, date, log });
  const busy = new BusyNames(clock);
  const blocks = new AgentBlocks({ ...deps, store: deps.blocks, attachments, pending, busy });
  const allocator: AllocatorDeps = {
    store,
    hints: new OccupancyHints({ leases: store, poolsOverlapping, clock }),
    own: attachments,
    busy,
    blocks,
    holders,
    keeping,
    leftovers: leftoversOf({ store, attachments, pending, keeping }),
    clock,
    random,
  };
  // Kept until the next list.
  const readNodeLeases = async (signal: AbortSignal): Promise<readonly IPLease[]> =>
    (await store.listByNode(node, signal)).map(slimLease);
  return {
    node,
    pods,
    store,
    pools,
    facts: new FactsCache(node, deps.facts, clock),
    inlinePools: deps.inlinePools ?? "allow",
    attachments,
    gate: new AttachmentGate(),
    overtaking,
    pending,
    spooled: new SpooledReleases({ spool, bootId: sandboxes.bootID, pending, overtaking, clock, log, meter }),
    sandboxes,
    nodeLeases: new SharedRead(readNodeLeases, clock),
    blocks,
    allocator,
    clock,
    log,
    meter,
    circuit,
    apiServer,
    readFile,
    readKernelCommandLine,
    nodeAddresses,
    noteIgnoredKeys: ignoredKeysNote(log),
  };
}
