import { API_PATH, API_VERSION, POOL_RESOURCE } from "@cluster-ipam/api";
import {
  type CniCall,
  countRequests,
  type RequestTotal,
  type Run,
  requestsBetween,
} from "@cluster-ipam/test-integration";
import { type BenchCluster, startAgent } from "./bench-cluster.ts";
import { callThroughSocket, NETWORK, nextAdd } from "./cni-subject.ts";
import type { RawApi } from "./raw-api.ts";
import type { Target } from "./report.ts";
import { median, throughput, timed } from "./statistics.ts";

/** Pools of one size: one that does nothing more, one in blocks, one that retains; and one in blocks for three nodes. */
const POOLS = {
  plain: { ranges: [{ subnet: "10.210.0.0/20" }] },
  blocks: { ranges: [{ subnet: "10.210.16.0/20" }], nodeBlocks: { prefixLength: 25 } },
  retaining: { ranges: [{ subnet: "10.210.32.0/20" }], retain: { policy: "Always", seconds: 3_600 } },
  crowd: { ranges: [{ subnet: "10.210.48.0/20" }], nodeBlocks: { prefixLength: 25 } },
} as const;
type PoolName = keyof typeof POOLS;

/** Three nodes that fill one pool together, and as many ADDs of each under way at a time. */
const CROWD = { nodes: ["crowd-1", "crowd-2", "crowd-3"], adds: 128, parallel: 64 } as const;

/** The nodes that these measurements need beside the one that the others use. */
export const FEATURE_NODES: readonly string[] = CROWD.nodes;

const COUNTS = { rounds: 100, warmUpRounds: 10, counted: 20 } as const;
const NETNS = "/proc/self/ns/net";
/** A pod that comes again under its name. */
const STICKY = { namespace: "default", name: "sticky-0" } as const;

/** What was measured of pools that do more. */
export interface FeatureFigures {
  readonly plainMs: readonly number[];
  readonly blockMs: readonly number[];
  readonly retainedMs: readonly number[];
  /** One list of the leases of one holder, raw. */
  readonly listMs: readonly number[];
  /** Requests of one ADD, on leases; the median. */
  readonly requests: Readonly<Record<"plain" | "blocks" | "retaining", number>>;
  /** Writes on blocks until the first ADD in a pool of blocks was answered. */
  readonly claimWrites: number;
  /** Leases that were refused as taken while three nodes filled one pool of blocks. */
  readonly crowdConflicts: number;
}

/** Measures ADDs in pools that do more against those in a plain one, in turn, each followed by its DEL. */
export async function measureFeatures(run: Run, cluster: BenchCluster, raw: RawApi): Promise<FeatureFigures> {
  const { controlPlane, socketPath } = cluster;
  for (const [name, spec] of Object.entries(POOLS)) await createReadyPool(cluster, name, spec);
  const claimed = await asked(cluster, () => addAndDelete(socketPath, "blocks"));
  const samples = {
    plainMs: [] as number[],
    blockMs: [] as number[],
    retainedMs: [] as number[],
    listMs: [] as number[],
  };
  await addAndDelete(socketPath, "retaining");
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    const plain = await addAndDelete(socketPath, "plain");
    const block = await addAndDelete(socketPath, "blocks");
    const retained = await addAndDelete(socketPath, "retaining");
    const list = await timed(() => raw.listHolder(`${STICKY.namespace}/${STICKY.name}/net1`));
    if (round < 0) continue;
    samples.plainMs.push(plain);
    samples.blockMs.push(block);
    samples.retainedMs.push(retained);
    samples.listMs.push(list);
  }
  const requests = {
    plain: await requestsOfAdd(cluster, "plain"),
    blocks: await requestsOfAdd(cluster, "blocks"),
    retaining: await requestsOfAdd(cluster, "retaining"),
  };
  const sockets: string[] = [];
  for (const node of CROWD.nodes) sockets.push((await startAgent(run, controlPlane, node)).socketPath);
  const crowded = await asked(cluster, () => Promise.all(sockets.map(fill)));
  return {
    ...samples,
    requests,
    claimWrites: countRequests(claimed, { verb: "POST", resource: "ipblocks" }),
    crowdConflicts: countRequests(crowded, { verb: "POST", resource: "ipleases", code: "409" }),
  };
}

/** The limits that these are held against. */
export function featureTargets(figures: FeatureFigures): readonly Target[] {
  const [plain, block, retained, list] = [figures.plainMs, figures.blockMs, figures.retainedMs, figures.listMs].map(
    median,
  ) as [number, number, number, number];
  const { plain: plainRequests, blocks, retaining } = figures.requests;
  return [
    { what: "ADD inside an owned block / without blocks, p50", measured: block / plain, limit: 1.1 },
    {
      what: "its requests on leases beyond those without blocks",
      measured: blocks - plainRequests,
      limit: 0,
      unit: "",
    },
    { what: "writes to claim a block", measured: figures.claimWrites, limit: 2, unit: "" },
    { what: "a retained ADD / (ADD + a list by holder), p50", measured: retained / (plain + list), limit: 1.1 },
    { what: "its requests on leases beyond those of any ADD", measured: retaining - plainRequests, limit: 1, unit: "" },
    {
      what: `conflicts of ${CROWD.nodes.length} agents in blocks, ${CROWD.parallel} ADDs each at a time`,
      measured: figures.crowdConflicts,
      limit: 0,
      unit: "",
    },
  ];
}

async function createReadyPool({ controlPlane }: BenchCluster, name: string, spec: object): Promise<void> {
  const object = { apiVersion: API_VERSION, kind: "IPPool", metadata: { name }, spec };
  const path = `${API_PATH}/${POOL_RESOURCE}`;
  await controlPlane.api.ensure(path, JSON.stringify(object));
  // As the controller does, without which nobody would end the time for which an address is kept.
  const ready = {
    type: "Ready",
    status: "True",
    reason: "Bench",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const stored = (await controlPlane.api.get(`${path}/${name}`)) as object;
  const body = JSON.stringify({ ...stored, status: { conditions: [ready] } });
  const answer = await controlPlane.api.send({ method: "PUT", path: `${path}/${name}/status`, body });
  if (answer.status !== 200)
    throw new Error(`the status of pool ${name} was answered ${answer.status}: ${answer.text}`);
}

/** @returns milliseconds of the ADD */
async function addAndDelete(socketPath: string, pool: PoolName): Promise<number> {
  const add = nextAddTo(pool);
  const durationMs = await timed(() => callThroughSocket(socketPath, add));
  await callThroughSocket(socketPath, { ...add, command: "DEL" });
  return durationMs;
}

function nextAddTo(pool: PoolName): CniCall {
  const add = nextAdd(NETNS, { ...NETWORK, name: pool, ipam: { type: "cluster-ipam", pool } });
  return pool === "retaining" ? { ...add, pod: { ...STICKY, uid: add.containerId ?? "" } } : add;
}

async function requestsOfAdd(cluster: BenchCluster, pool: PoolName): Promise<number> {
  const requests: number[] = [];
  for (let count = 0; count < COUNTS.counted; count += 1) {
    const add = nextAddTo(pool);
    const totals = await asked(cluster, () => callThroughSocket(cluster.socketPath, add));
    requests.push(countRequests(totals, { resource: "ipleases" }));
    await callThroughSocket(cluster.socketPath, { ...add, command: "DEL" });
  }
  // The agent may have other work now and then.
  return median(requests);
}

async function fill(socketPath: string): Promise<void> {
  const adds = Array.from({ length: CROWD.adds }, () => () => callThroughSocket(socketPath, nextAddTo("crowd")));
  await throughput(adds, CROWD.parallel);
}

async function asked({ controlPlane }: BenchCluster, task: () => Promise<unknown>): Promise<readonly RequestTotal[]> {
  const before = await controlPlane.requestTotals();
  await task();
  return requestsBetween(before, await controlPlane.requestTotals());
}
