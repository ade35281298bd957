import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, type CniError, callAgent } from "./src/cni-call.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, listLeases } from "./src/stored-objects.ts";

const CALLS = 400;
/** A /24 without network, broadcast and gateway address. */
const CAPACITY = 253;
const MAX_RSS_MIB = 130;
const NETWORK = { cniVersion: "1.0.0", name: "storm", type: "macvlan", ipam: { type: "cluster-ipam" } };

interface Caller {
  readonly node: SimulatedNode;
  readonly call: CniCall;
}

describe("S16: a storm: three agents, more ADDs at once than the pool has addresses", () => {
  let cluster: SimulatedCluster;
  let callers: readonly Caller[];
  let addresses: readonly string[];
  let errors: readonly CniError[];

  beforeAll(async () => {
    cluster = await SimulatedCluster.start();
    await createPool(cluster.controlPlane, "storm", { ranges: [{ subnet: "10.70.0.0/24", gateway: "10.70.0.1" }] });
    await cluster.startAgents({ logLevel: "info" });
    callers = Array.from({ length: CALLS }, (_, index) => ({
      node: cluster.node(`n${(index % 3) + 1}`),
      call: addCall(`storm-${index}`, NETWORK),
    }));
    const outcomes = await Promise.all(callers.map(({ node, call }) => callAgent(node.socketPath, call)));
    addresses = outcomes.filter(({ kind }) => kind === "success").flatMap((outcome) => addressesOf(resultOf(outcome)));
    errors = outcomes.flatMap((outcome) => (outcome.kind === "failure" ? [outcome.error] : []));
  });
  afterAll(() => cluster.close());

  it("exactly as many succeed as the pool has addresses, and no caller has the address of another", () => {
    expect(addresses).toHaveLength(CAPACITY);
    expect(new Set(addresses).size).toBe(CAPACITY);
    expect(addresses).not.toContain("10.70.0.1");
  });

  it("the rest are told the pool, how much of it is used, and its capacity", () => {
    expect(errors).toHaveLength(CALLS - CAPACITY);
    const texts = new Set(errors.map(({ code, msg }) => `${code}: ${msg}`));
    const range = "10.70.0.0-10.70.0.255 of 10.70.0.0/24";
    expect([...texts]).toEqual([`101: pool storm is full: ${CAPACITY} used of a capacity of ${CAPACITY} (${range})`]);
  });

  it("the server has the leases that the callers were told of, and no other", async () => {
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addresses.toSorted());
    const perContainer = new Set((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.containerID));
    expect(perContainer.size).toBe(CAPACITY);
  });

  it(`each agent stays below ${MAX_RSS_MIB} MiB of memory`, async () => {
    for (const { agent } of cluster.nodes) expect(await residentMib(agent.pid)).toBeLessThan(MAX_RSS_MIB);
  });

  it("after a DEL by every caller, at once, no lease is left", async () => {
    const outcomes = await Promise.all(callers.map(({ node, call }) => callAgent(node.socketPath, delCall(call))));
    expect(outcomes.filter(({ kind }) => kind === "failure")).toEqual([]);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });
});

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no VmRSS`);
  return Number(kib) / 1024;
}
