import type { BlockStore, Clock, HolderState, LeaseStore, NodePods, PoolStore, Random } from "@cluster-ipam/allocator";
import { MemoryBlockStore, MemoryClusterFacts } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import type { IpamResult } from "@cluster-ipam/cni";
import { parseCidr } from "@cluster-ipam/ip";
import { type AgentContext, createContext } from "../agent-context.ts";
import { type AgentMeter, NO_METER } from "../agent-meter.ts";
import type { InlinePolicy } from "../pools/pool-call.ts";
import { add } from "../verbs/add.ts";
import { check } from "../verbs/check.ts";
import { del } from "../verbs/del.ts";
import { gc } from "../verbs/gc.ts";
import { type CallFixture, cniCall } from "./cni-calls.ts";
import { FakeCircuit } from "./fake-circuit.ts";
import { FakeSandboxes } from "./fake-sandboxes.ts";
import { LogLines } from "./log-lines.ts";
import { MemoryPods } from "./memory-pods.ts";
import { MemorySpool } from "./memory-spool.ts";
import { TickingClock } from "./ticking-clock.ts";

/** What a test makes itself, to count calls and to make them fail. */
export interface WorldParts<Leases extends LeaseStore, Pools extends PoolStore, Time extends Clock> {
  readonly leases: Leases;
  readonly pools: Pools;
  /** Empty when absent. */
  readonly blocks?: BlockStore;
  /** The agent sees it tick. */
  readonly clock: Time;
  readonly random: Random;
  /** Text of the node's files by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The node's own addresses, such as `192.168.0.5/24`. */
  readonly nodeAddresses?: readonly string[];
  /** What an earlier agent left; nothing when absent. */
  readonly spool?: MemorySpool;
  /** n1 when absent. */
  readonly node?: string;
  /** Pods of the cluster; none when absent. */
  readonly pods?: NodePods;
  /** Nobody counts when absent. */
  readonly meter?: AgentMeter;
  /** Sections may bring ranges of their own when absent. */
  readonly inlinePools?: InlinePolicy;
}

/** Where the node's kernel command line is, among its files. */
const KERNEL_COMMAND_LINE = "/proc/cmdline";

/** Node n1, or another, and the verbs of its agent without the agent's background work. */
export class AgentWorld<Leases extends LeaseStore, Pools extends PoolStore, Time extends Clock> {
  readonly leases: Leases;
  readonly pools: Pools;
  readonly clock: Time;
  readonly sandboxes: FakeSandboxes = new FakeSandboxes();
  readonly circuit: FakeCircuit = new FakeCircuit();
  /** Nodes and namespaces; there are none at first. */
  readonly facts: MemoryClusterFacts = new MemoryClusterFacts();
  /** What the cluster says of every holder. */
  holderState: HolderState = { pod: "there", node: "Ready" };
  readonly lines: LogLines = new LogLines();
  readonly spool: MemorySpool;
  readonly agent: AgentContext;
  #lastAddAtNs = 1_000n;

  constructor({
    leases,
    pools,
    blocks = new MemoryBlockStore(),
    clock,
    random,
    files = {},
    nodeAddresses = [],
    spool = new MemorySpool(),
    node = "n1",
    pods = new MemoryPods(),
    meter = NO_METER,
    inlinePools = "allow",
  }: WorldParts<Leases, Pools, Time>) {
    this.leases = leases;
    this.pools = pools;
    this.clock = clock;
    this.spool = spool;
    const readFile = (path: string): string => files[path] ?? fileMissing(path);
    const { sandboxes, lines, facts } = this;
    const ticking = new TickingClock(clock);
    this.agent = createContext({
      node,
      leases,
      pools,
      facts,
      blocks,
      holders: { look: () => Promise.resolve(this.holderState) },
      pods,
      sandboxes,
      clock: ticking,
      date: () => new Date(Date.UTC(2026, 0, 1) + clock.nowMs()),
      random,
      log: lines.log,
      meter,
      inlinePools,
      circuit: this.circuit,
      apiServer: "https://192.0.2.1:6443",
      spool,
      readFile,
      readKernelCommandLine: () => readFile(KERNEL_COMMAND_LINE),
      nodeAddresses: () => nodeAddresses.flatMap((text) => parseCidr(text) ?? []),
    });
  }

  /** Reads the node's leases, as the agent does at its start. */
  async load(): Promise<void> {
    const listedAtMs = this.agent.clock.nowMs();
    this.agent.attachments.load(await this.agent.nodeLeases.since(listedAtMs, never()), listedAtMs);
  }

  /** An ADD that began after the world's earlier ones, unless it says when. */
  add(call: CallFixture = {}, signal: AbortSignal = never()): Promise<IpamResult> {
    this.#lastAddAtNs += 1n;
    return add(cniCall({ startedAtNs: this.#lastAddAtNs, ...call, command: "ADD" }), this.agent, signal);
  }

  /** The one address that an ADD gets, without its prefix length. */
  async addOne(call: CallFixture = {}, signal: AbortSignal = never()): Promise<string> {
    const { ips } = await this.add(call, signal);
    const [only] = ips;
    if (only === undefined || ips.length > 1) throw new Error(`expected one address, got ${ips.length}`);
    return only.address.replace(/\/.*$/, "");
  }

  /** A DEL, later than every ADD that does not say when it began. */
  del(call: CallFixture = {}, signal: AbortSignal = never()): Promise<void> {
    return del(cniCall({ startedAtNs: 2_000n, ...call, command: "DEL" }), this.agent, signal);
  }

  check(call: CallFixture = {}, signal: AbortSignal = never()): Promise<void> {
    return check(cniCall({ ...call, command: "CHECK" }), this.agent, signal);
  }

  gc(call: CallFixture = {}, signal: AbortSignal = never()): Promise<void> {
    return gc(cniCall({ startedAtNs: 3_000n, ...call, command: "GC" }), this.agent, signal);
  }
}

/** Writes a lease as another caller would. */
export async function written(store: LeaseStore, lease: IPLease): Promise<IPLease> {
  const { name } = lease.metadata;
  const outcome = await store.create({ ...lease, metadata: { name } });
  if (outcome.kind !== "created") throw new Error(`lease ${name} could not be made: ${outcome.kind}`);
  return outcome.lease;
}

/** A signal that never aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

function fileMissing(path: string): never {
  throw new Error(`ENOENT: no such file or directory, open '${path}'`);
}
