import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CniCall, callAgent } from "./src/cni-call.ts";
import { FaultyGateway } from "./src/faulty-gateway.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, removeLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "undone", type: "macvlan", ipam: { type: "cluster-ipam" } };
const POST = { method: "POST", resource: "ipleases" };
/** Longer than a write may take, and than the agent waits between two looks for what an earlier one may still write. */
const PATIENCE_MS = 60_000;

describe("S15: the undo of a failed ADD, and an agent that is killed before it is confirmed", () => {
  let cluster: SimulatedCluster;
  let gateway: FaultyGateway;
  let node: SimulatedNode;
  let kubeconfigPath: string;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await createPool(cluster.controlPlane, "undone", { ranges: [{ subnet: "10.72.0.0/24" }] });
    gateway = await FaultyGateway.open(cluster);
    node = cluster.node("n1");
    kubeconfigPath = await gateway.kubeconfigFor("n1");
  });
  afterAll(() => cluster.close());
  beforeEach(() => node.startAgent({ kubeconfigPath }));
  afterEach(async () => {
    await node.agent.kill();
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  /** An ADD whose caller hangs up while its POST is held, and an agent that is killed once it has given that up. */
  async function failAndKill(call: CniCall): Promise<ReturnType<FaultyGateway["trap"]>> {
    const held = gateway.trap("hold", POST);
    const hangUp = new AbortController();
    const calling = callAgent(node.socketPath, call, { signal: hangUp.signal });
    await held.caught();
    hangUp.abort();
    await expect(calling).rejects.toThrow("aborted");
    await untilSpooled(1);
    await node.agent.kill();
    return held;
  }

  it("is made by the next agent, though the POST is carried out only then", async () => {
    const held = await failAndKill(addCall("late", NETWORK));
    await node.startAgent({ kubeconfigPath });
    await held.release();
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(1);
    await untilLeased([]);
    // Until nothing of the first agent can come any more.
    expect(await spooled()).toHaveLength(1);
  });

  it("does not hit the next ADD of the same attachment, by whichever agent", async () => {
    const call = addCall("again", NETWORK);
    const held = await failAndKill(call);
    await held.release();
    await node.startAgent({ kubeconfigPath });
    const addresses = addressesOf(resultOf(await callAgent(node.socketPath, call)));
    expect(addresses).toHaveLength(1);
    await node.agent.kill();
    await node.startAgent({ kubeconfigPath });
    const other = addCall("other", NETWORK);
    const more = addressesOf(resultOf(await callAgent(node.socketPath, other)));
    await untilLeased([...addresses, ...more]);
    expect(addressesOf(resultOf(await callAgent(node.socketPath, call)))).toEqual(addresses);
    for (const each of [call, other]) resultOf(await callAgent(node.socketPath, delCall(each)));
  });

  it("a good ADD and its DEL write no file at all", async () => {
    const before = await spooled();
    const call = addCall("good", NETWORK);
    resultOf(await callAgent(node.socketPath, call));
    resultOf(await callAgent(node.socketPath, delCall(call)));
    expect(await spooled()).toEqual(before);
  });

  async function spooled(): Promise<readonly string[]> {
    return await readdir(join(node.stateFolder, "spool")).catch(() => []);
  }

  async function untilSpooled(more: number): Promise<void> {
    const before = await spooled();
    const isThere = async (): Promise<true | undefined> =>
      (await spooled()).filter((name) => name.endsWith(".json")).length >= before.length + more ? true : undefined;
    await waitFor(isThere, { what: "the undo to be spooled", timeoutMs: PATIENCE_MS });
  }

  async function untilLeased(addresses: readonly string[]): Promise<void> {
    const expected = addresses.toSorted().join();
    const isEqual = async (): Promise<true | undefined> =>
      (await leasedAddresses(cluster.controlPlane)).join() === expected ? true : undefined;
    await waitFor(isEqual, { what: `the leases to be ${expected || "gone"}`, timeoutMs: PATIENCE_MS });
  }
});
