import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callAgent } from "./src/cni-call.ts";
import { FaultyGateway } from "./src/faulty-gateway.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, removeLeases, waitForNoLeases, waitUntilWritable } from "./src/stored-objects.ts";
import { requestOverSocket } from "./src/unix-http.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "lossy", type: "macvlan", ipam: { type: "cluster-ipam" } };
const POST = { method: "POST", resource: "ipleases" };
const DELETE = { method: "DELETE", resource: "ipleases" };

/** How long a runtime may wait for a plugin. */
const PATIENCE_MS = 20_000;
/** Longer than the longest pause of the agent before it settles what it could not confirm. */
const SETTLE_MS = 45_000;

describe("S15: requests whose outcome the agent does not learn, or learns late", () => {
  let cluster: SimulatedCluster;
  let gateway: FaultyGateway;
  let node: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    const ranges = [{ subnet: "10.60.0.0/24" }, { subnet: "fd00:60::/64" }];
    await createPool(cluster.controlPlane, "lossy", { ranges });
    gateway = await FaultyGateway.open(cluster);
    node = cluster.node("n1");
    await node.startAgent({ kubeconfigPath: await gateway.kubeconfigFor("n1") });
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    gateway.takeSeen("ipleases");
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  // First: the agent looks for two minutes for what a POST without an answer may still write.
  it("a DELETE that succeeded though its answer was lost releases the lease, and nothing that came after", async () => {
    const call = addCall("released", NETWORK);
    const before = resultOf(await callAgent(node.socketPath, call));
    const lost = gateway.trap("lose-answer", DELETE);
    resultOf(await callAgent(node.socketPath, delCall(call)));
    await lost.caught();
    // The same container comes back and gets the same addresses while the agent still wonders about the first ones.
    expect(resultOf(await callAgent(node.socketPath, call))).toEqual(before);
    await untilSettled();
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addressesOf(before).toSorted());
    resultOf(await callAgent(node.socketPath, delCall(call)));
  });

  it.each([
    { fault: "lose-answer" as const, how: "the connection breaks" },
    { fault: "withhold-answer" as const, how: "it times out" },
  ])("a POST that succeeded though $how is found again, and no other address is tried", async ({ fault }) => {
    const call = addCall(`lost by ${fault}`, NETWORK);
    const lost = [gateway.trap(fault, POST), gateway.trap("lose-answer", POST)];
    const result = resultOf(await callAgent(node.socketPath, call));
    const [first] = await Promise.all(lost.map((trap) => trap.caught()));

    expect(result.ips).toHaveLength(2);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addressesOf(result).toSorted());
    const tried = gateway.takeSeen("ipleases").filter(({ method }) => method === "POST");
    expect(new Set(tried.map(({ name }) => name)).size).toBe(2);
    expect(tried[0]?.name).toBe(first?.name);

    expect(resultOf(await callAgent(node.socketPath, call))).toEqual(result);
    resultOf(await callAgent(node.socketPath, delCall(call)));
  });

  it.each([
    { when: "while the server still works on it", untilNoticed: untilHeard },
    { when: "after the agent has given the write up", untilNoticed: untilGivenUp },
  ])(
    "a caller that hangs up during ADD gets its addresses taken back, written $when",
    async ({ when, untilNoticed }) => {
      const call = addCall(`hung up ${when}`, NETWORK);
      const held = gateway.trap("hold", POST);
      const hangUp = new AbortController();
      const calling = callAgent(node.socketPath, call, { signal: hangUp.signal });
      await held.caught();
      hangUp.abort();
      await expect(calling).rejects.toThrow("aborted");
      await untilNoticed(node, call);
      await held.release();
      await waitForNoLeases(cluster.controlPlane, SETTLE_MS);
      const tried = gateway.takeSeen("ipleases").filter(({ method }) => method === "POST");
      expect(new Set(tried.map(({ name }) => name)).size).toBe(1);
    },
  );

  it("a DEL that overtakes an ADD cancels it, and nothing is left", async () => {
    const call = addCall("overtaken", NETWORK);
    const held = gateway.trap("hold", POST);
    const adding = callAgent(node.socketPath, call);
    await held.caught();
    const deleting = callAgent(node.socketPath, delCall(call));
    await untilHeard(node);
    await held.release();
    const [added, deleted] = await Promise.all([adding, deleting]);
    expect(errorOf(added)).toMatchObject({ code: 11, msg: expect.stringContaining("DEL of the same attachment") });
    expect(deleted).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("a server that hangs between the two writes of an ADD: code 11, and neither address is kept", async () => {
    const call = addCall("half-way", NETWORK);
    const first = gateway.trap("hold", POST);
    const second = gateway.trap("hold", POST);
    const adding = callAgent(node.socketPath, call, { timeoutMs: PATIENCE_MS });
    await first.caught();
    await first.release();
    await second.caught();
    cluster.controlPlane.etcd.pause();
    second.drop();
    expect(errorOf(await adding).code).toBe(11);

    cluster.controlPlane.etcd.resume();
    await waitUntilWritable(cluster.controlPlane, SETTLE_MS);
    await waitForNoLeases(cluster.controlPlane, SETTLE_MS);
  });

  it("an ADD that arrives after the DEL that began later is refused, and a newer ADD is not", async () => {
    const call = addCall("late", NETWORK);
    const beforeNs = process.hrtime.bigint();
    resultOf(await callAgent(node.socketPath, delCall(call)));
    expect(errorOf(await callAgent(node.socketPath, call, { startedAtNs: beforeNs })).code).toBe(11);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    resultOf(await callAgent(node.socketPath, call));
    resultOf(await callAgent(node.socketPath, delCall(call)));
  });

  /** Waits until the agent has nothing left to confirm. */
  async function untilSettled(): Promise<void> {
    const request = { socketPath: node.socketPath, method: "GET", path: "/healthz", timeoutMs: 2_000 } as const;
    const isSettled = async (): Promise<true | undefined> => {
      const { body } = await requestOverSocket(request);
      return (JSON.parse(body) as { pendingReleases: number }).pendingReleases === 0 ? true : undefined;
    };
    await waitFor(isSettled, { what: "the agent to settle what it could not confirm", timeoutMs: SETTLE_MS });
  }
});

/** What was sent to an agent before, it has heard by the time that it has answered two more calls in turn. */
async function untilHeard(node: SimulatedNode): Promise<void> {
  for (const _ of ["first", "second"]) expect(await node.isHealthy()).toBe(true);
}

/** The agent logs a call once it has failed. */
async function untilGivenUp(node: SimulatedNode, { containerId = "" }: CniCall): Promise<void> {
  const hasGivenUp = async (): Promise<true | undefined> =>
    (await node.agent.log()).includes(containerId) ? true : undefined;
  await waitFor(hasGivenUp, { what: "the agent to give up", timeoutMs: SETTLE_MS });
}
