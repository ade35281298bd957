import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Agent, NO_METER } from "@cluster-ipam/agent";
import { MemoryBlockStore } from "@cluster-ipam/allocator/testing";
import { asIPLease, type IPLease } from "@cluster-ipam/api";
import { createLogger } from "@cluster-ipam/telemetry";
import { InstantStore } from "./instant-store.ts";

/** More than any node has pods, so that one lease can be told from noise. */
const LEASES = 20_000;

/** Bytes of heap that an agent has for each lease of its node, once it has read them. */
export async function measureLeaseMemory(): Promise<number> {
  // What the program itself needs when it first does all this is no lease's.
  await heapOfAgent(LEASES);
  const empty = await heapOfAgent(0);
  return ((await heapOfAgent(LEASES)) - empty) / LEASES;
}

async function heapOfAgent(leases: number): Promise<number> {
  const before = usedHeapBytes();
  const agent = createAgent(leases);
  await agent.loaded;
  const used = usedHeapBytes() - before;
  if (agent.health().leases !== leases) throw new Error(`the agent knows ${agent.health().leases} of ${leases} leases`);
  await agent.close();
  return used;
}

function createAgent(leases: number): Agent {
  const ofNode = (): IPLease[] =>
    Array.from({ length: leases }, (_, index) => asIPLease(JSON.parse(storedLease(index))));
  return new Agent({
    node: "bench",
    leases: new InstantStore({ ofNode }),
    pools: {
      get: () => Promise.resolve(undefined),
      list: () => Promise.resolve({ pools: [], unreadable: [] }),
      create: (pool) => Promise.resolve(pool),
    },
    facts: { node: () => Promise.resolve(undefined), namespace: () => Promise.resolve(undefined) },
    blocks: new MemoryBlockStore(),
    holders: { look: () => Promise.resolve({ pod: "unknown", node: "unknown" }) },
    pods: { list: () => Promise.resolve([]), get: () => Promise.resolve(undefined) },
    date: () => new Date(),
    sandboxes: { bootID: "bench", observe: () => undefined, isGone: () => false, refresh: () => undefined },
    spool: { read: () => ({ files: [], isLast: true }), write: () => Promise.resolve(), remove: () => undefined },
    clock: { nowMs: () => performance.now(), sleep: untilAborted },
    random: Math.random,
    log: createLogger({}, "silent"),
    meter: NO_METER,
    circuit: { state: { kind: "closed" }, isPassable: true, onChange: () => () => undefined },
    apiServer: "",
    readFile: () => "",
    readKernelCommandLine: () => "",
    nodeAddresses: () => [],
  });
}

/** A lease as the API server gives it, with the metadata that it adds. */
function storedLease(index: number): string {
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const containerID = index.toString(16).padStart(64, "c");
  const pod = {
    namespace: "default",
    name: `web-${index}`,
    uid: `6f1c9a52-0d5e-4c53-9f0e-${String(index).padStart(12, "0")}`,
  };
  const fields = { "f:spec": { "f:address": {}, "f:node": {}, "f:pod": { "f:name": {}, "f:uid": {} } } };
  return JSON.stringify({
    apiVersion: "cluster-ipam.io/v1alpha1",
    kind: "IPLease",
    metadata: {
      name: address,
      uid: pod.uid,
      resourceVersion: String(1_000_000 + index),
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [{ manager: "cluster-ipam-agent", operation: "Update", fieldsType: "FieldsV1", fieldsV1: fields }],
    },
    spec: {
      address,
      prefixLength: 9,
      gateway: "10.0.0.1",
      pool: "bench",
      addressSpace: "",
      network: "bench",
      node: "bench",
      containerID,
      ifName: "net1",
      holder: `default/${pod.name}/net1`,
      pod,
      sandbox: { netns: `/run/netns/cni-${pod.uid}`, inode: String(4_026_531_840 + index), bootID: pod.uid },
    },
  });
}

function usedHeapBytes(): number {
  // The flag works as long as it is set before the context is made.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What is only weakly held goes with the second.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function untilAborted(_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
