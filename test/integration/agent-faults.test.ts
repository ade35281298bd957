import { once } from "node:events";
import { access } from "node:fs/promises";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { decodeHttpResponse, encodeHttpRequest } from "@cluster-ipam/cni";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callAgent, callPlugin, cniEnvironment } from "./src/cni-call.ts";
import { FaultyGateway } from "./src/faulty-gateway.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, removeLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "dual", type: "macvlan", ipam: { type: "cluster-ipam" } };
const POST = { method: "POST", resource: "ipleases" };
const LOG_TIMEOUT_MS = 15_000;

describe("an agent that ends in the middle of its work", () => {
  let cluster: SimulatedCluster;
  let gateway: FaultyGateway;
  let node: SimulatedNode;
  let kubeconfigPath: string;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    const ranges = [{ subnet: "10.61.0.0/24" }, { subnet: "fd00:61::/64" }];
    await createPool(cluster.controlPlane, "dual", { ranges });
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

  describe("killed between the two writes of a dual-stack ADD", () => {
    const call = addCall("half-done", NETWORK);

    /** @returns the address of the first write. */
    async function killBetweenWrites(secondWrite: "dropped" | "carried out"): Promise<string> {
      const passing = gateway.trap("hold", POST);
      const held = gateway.trap("hold", POST);
      const calling = callAgent(node.socketPath, call);
      await passing.caught();
      await passing.release();
      await held.caught();
      const cutOff = calling.catch((error: unknown) => error);
      await node.agent.kill();
      expect(await cutOff).toBeInstanceOf(Error);
      const [first = "", ...more] = await leasedAddresses(cluster.controlPlane);
      expect(more).toEqual([]);
      if (secondWrite === "dropped") held.drop();
      else await held.release();
      return first;
    }

    it.each(["dropped", "carried out"] as const)(
      "the ADD is completed when it is repeated, second write %s",
      async (second) => {
        const first = await killBetweenWrites(second);
        await node.startAgent({ kubeconfigPath });
        const addresses = addressesOf(resultOf(await callAgent(node.socketPath, call)));
        expect(addresses).toEqual([first, expect.stringMatching(/^fd00:61::/)]);
        expect(await leasedAddresses(cluster.controlPlane)).toEqual(addresses.toSorted());
        resultOf(await callAgent(node.socketPath, delCall(call)));
      },
    );

    it.each(["dropped", "carried out"] as const)("the DEL releases what there is, second write %s", async (second) => {
      await killBetweenWrites(second);
      await node.startAgent({ kubeconfigPath });
      resultOf(await callAgent(node.socketPath, delCall(call)));
      expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    });
  });

  it("at SIGTERM it finishes what runs, refuses the rest with code 11, and goes", async () => {
    const running = addCall("running", NETWORK);
    const refused = addCall("refused", NETWORK);
    const held = gateway.trap("hold", POST);
    const adding = callAgent(node.socketPath, running);
    await held.caught();
    const halfSent = connect(node.socketPath);
    await once(halfSent, "connect");
    const wire = { startedAt: "1", env: cniEnvironment(refused), stdin: JSON.stringify(refused.config) };
    const request = encodeHttpRequest(wire);
    halfSent.write(request.slice(0, 30));
    expect(await node.isHealthy()).toBe(true);

    const ending = node.agent.stop();
    await untilLogged("agent is shutting down");
    halfSent.write(request.slice(30));
    const answer = decodeHttpResponse(await text(halfSent));
    expect(answer).toMatchObject({ kind: "response", status: 503 });
    expect(JSON.parse("body" in answer ? answer.body : "")).toMatchObject({
      code: 11,
      msg: "the agent is shutting down",
    });
    const late = errorOf(await callPlugin(node.socketPath, addCall("late", NETWORK)));
    expect(late).toMatchObject({ code: 11, msg: expect.stringContaining(node.socketPath) });

    await held.release();
    const addresses = addressesOf(resultOf(await adding));
    expect(await ending).toBe(0);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addresses.toSorted());
    await expect(access(node.socketPath)).rejects.toThrow("ENOENT");

    await node.startAgent({ kubeconfigPath });
    expect(addressesOf(resultOf(await callAgent(node.socketPath, running)))).toEqual(addresses);
    resultOf(await callAgent(node.socketPath, delCall(running)));
  });

  it("a second agent of the node waits, and takes over when the first is killed, within the plugin's patience", async () => {
    const first = node.agent;
    const before = addCall("before", NETWORK);
    const addresses = addressesOf(resultOf(await callPlugin(node.socketPath, before)));

    const second = await node.launchAgent({ kubeconfigPath });
    await untilLogged("another agent holds this node's lock");
    expect(addressesOf(resultOf(await callPlugin(node.socketPath, before)))).toEqual(addresses);
    expect(second.hasExited).toBe(false);

    await first.kill();
    const after = addCall("after", NETWORK);
    const more = addressesOf(resultOf(await callPlugin(node.socketPath, after)));
    expect(addressesOf(resultOf(await callPlugin(node.socketPath, before)))).toEqual(addresses);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([...addresses, ...more].toSorted());
    for (const call of [before, after]) resultOf(await callPlugin(node.socketPath, delCall(call)));
  });

  async function untilLogged(words: string): Promise<void> {
    const isLogged = async (): Promise<true | undefined> =>
      (await node.agent.log()).includes(words) ? true : undefined;
    await waitFor(isLogged, { what: `the agent's log to say "${words}"`, timeoutMs: LOG_TIMEOUT_MS });
  }
});
