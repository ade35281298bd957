import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, type CniOutcome, callAgent, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, removeLeases, waitForNoLeases, waitUntilWritable } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "outage", type: "macvlan", ipam: { type: "cluster-ipam" } };

/** How long a runtime may wait for a plugin. */
const PATIENCE_MS = 20_000;
/** The agent answers a DEL within 5 s; what is more is for a busy machine that starts the plugin. */
const DEL_MS = 7_000;
/** Longer than the longest pause of the agent between two tries at a release. */
const RELEASE_TIMEOUT_MS = 45_000;

describe("S15: an API server that is down or slow", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await createPool(cluster.controlPlane, "outage", {
      ranges: [{ subnet: "10.64.0.0/24" }, { subnet: "fd00:64::/64" }],
    });
    await cluster.startAgents();
    node = cluster.node("n1");
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("killed: ADD names the host within 20 s, DEL succeeds, and once it is back nothing is left", async () => {
    const held = addCall("held", NETWORK);
    resultOf(await callAgent(node.socketPath, held));
    await cluster.controlPlane.server.kill();

    const wanted = addCall("wanted", NETWORK);
    const [added, deleted] = await Promise.all([patiently(wanted), patiently(delCall(held))]);
    expectUnreachable(added);
    expect(deleted).toMatchObject({ kind: "success", stdout: "" });

    await cluster.controlPlane.server.restart();
    await waitForNoLeases(cluster.controlPlane, RELEASE_TIMEOUT_MS);
    expect(addressesOf(resultOf(await callAgent(node.socketPath, wanted)))).toHaveLength(2);
    resultOf(await callAgent(node.socketPath, delCall(wanted)));
  });

  it.each([
    { who: "etcd", fault: "hangs", daemon: () => cluster.controlPlane.etcd },
    { who: "the API server", fault: "hangs", daemon: () => cluster.controlPlane.server },
  ])(
    "$who $fault in the middle of ADD: code 11 within 20 s, DEL succeeds, and afterwards nothing is left",
    async ({ who, daemon }) => {
      const held = addCall(`held while ${who} hangs`, NETWORK);
      resultOf(await callAgent(node.socketPath, held));
      daemon().pause();

      const wanted = addCall(`wanted while ${who} hangs`, NETWORK);
      // Waits for what the first one reads.
      const second = addCall(`wanted, too, while ${who} hangs`, NETWORK);
      const releasing = callPlugin(node.socketPath, delCall(held), { timeoutMs: DEL_MS });
      const [added, other, deleted] = await Promise.all([patiently(wanted), patiently(second), releasing]);
      expectUnreachable(added);
      expectUnreachable(other);
      expect(deleted).toMatchObject({ kind: "success", stdout: "" });

      daemon().resume();
      // Served in the order in which they came: what the agent had sent is done by then, or never will be.
      await waitUntilWritable(cluster.controlPlane, RELEASE_TIMEOUT_MS);
      await waitForNoLeases(cluster.controlPlane, RELEASE_TIMEOUT_MS);
      expect(addressesOf(resultOf(await callAgent(node.socketPath, wanted)))).toHaveLength(2);
      resultOf(await callAgent(node.socketPath, delCall(wanted)));
    },
  );

  it("down when the agent starts: ADD names the host, DEL succeeds, and both are made good once it is back", async () => {
    const held = addCall("held before the restart", NETWORK);
    resultOf(await callAgent(node.socketPath, held));
    await cluster.controlPlane.server.kill();
    await node.agent.kill();
    await node.startAgent();

    const wanted = addCall("wanted after the restart", NETWORK);
    const named = waitFor(
      async () => {
        const { code, msg } = errorOf(await patiently(wanted));
        expect(code).toBe(11);
        return msg.includes(cluster.controlPlane.server.url) ? msg : undefined;
      },
      { what: "ADD to name the API server", timeoutMs: PATIENCE_MS },
    );
    expect(await patiently(delCall(held))).toMatchObject({ kind: "success", stdout: "" });
    expect(await named).toContain("node's leases");

    await cluster.controlPlane.server.restart();
    await waitForNoLeases(cluster.controlPlane, RELEASE_TIMEOUT_MS);
    resultOf(await callAgent(node.socketPath, wanted));
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(2);
    resultOf(await callAgent(node.socketPath, delCall(wanted)));
  });

  /** Asks as a runtime does, which gives a plugin so much time and no more. */
  async function patiently(call: CniCall): Promise<CniOutcome> {
    return await callPlugin(node.socketPath, call, { timeoutMs: PATIENCE_MS });
  }

  function expectUnreachable(outcome: CniOutcome): void {
    const { code, msg } = errorOf(outcome);
    expect(code).toBe(11);
    expect(msg).toContain(cluster.controlPlane.server.url);
    expect(msg).toMatch(/(within|for) \d+(\.\d)? s/);
  }
});
