import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callAgent, callPlugin } from "./src/cni-call.ts";
import { FaultyGateway } from "./src/faulty-gateway.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, removeLeases } from "./src/stored-objects.ts";
import { requestOverSocket } from "./src/unix-http.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = {
  cniVersion: "1.0.0",
  name: "spooled",
  type: "macvlan",
  master: "eth1",
  ipam: { type: "cluster-ipam" },
};
const DELETE = { method: "DELETE", resource: "ipleases" };
/** Longer than the agent waits between two looks at the spool, and between two tries at a release. */
const RELEASE_TIMEOUT_MS = 30_000;

describe("a DEL while the agent is away", () => {
  let cluster: SimulatedCluster;
  let gateway: FaultyGateway;
  let node: SimulatedNode;
  let spool: string;
  let kubeconfigPath: string;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1"] });
    await createPool(cluster.controlPlane, "spooled", { ranges: [{ subnet: "10.64.0.0/24" }] });
    gateway = await FaultyGateway.open(cluster);
    node = cluster.node("n1");
    spool = join(node.stateFolder, "spool");
    kubeconfigPath = await gateway.kubeconfigFor("n1");
  });
  afterAll(() => cluster.close());
  beforeEach(() => startAgent());
  afterEach(async () => {
    await node.agent.kill();
    await rm(spool, { recursive: true, force: true });
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("takes a real pod down through macvlan, and its lease goes when an agent is there again; others stay", async () => {
    const stays = await add("stays");
    const pod = await PodSandbox.create(node, { namespace: "default", name: "torn-down" });
    await pod.attach(NETWORK);
    await node.agent.kill();
    await pod.detach(NETWORK);
    await pod.delete();
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(2);

    await startAgent();
    await untilLeased([stays]);
    await release("stays");
  });

  it("releases every network of the interface where the configuration cannot be read", async () => {
    const call = addCall("unreadable", NETWORK);
    await add("unreadable");
    await node.agent.kill();
    expect(await callPlugin(node.socketPath, { ...delCall(call), config: "{" })).toMatchObject({ stdout: "" });
    await startAgent();
    await untilLeased([]);
  });

  it("does not take the address of a later ADD, also when its file comes back and the agent is another", async () => {
    await add("again");
    await node.agent.kill();
    await release("again");
    const [file = ""] = await readdir(spool);
    const copy = join(node.stateFolder, "copy");
    await copyFile(join(spool, file), copy);

    await startAgent();
    const address = await add("again");
    await untilSettled();
    await node.agent.kill();
    await copyFile(copy, join(spool, file));
    await startAgent();
    await untilSettled();
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([address]);
    await release("again");
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("that an agent took and was killed over is made by the next one", async () => {
    await add("half-done");
    const held = gateway.trap("hold", DELETE);
    const releasing = release("half-done");
    await held.caught();
    await releasing;
    expect(await readdir(spool)).toHaveLength(1);
    await node.agent.kill();
    held.drop();
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(1);
    await startAgent();
    await untilLeased([]);
  });

  it("is found though strangers and cut files lie beside it, which are set aside", async () => {
    await add("found");
    await node.agent.kill();
    await release("found");
    const [file = ""] = await readdir(spool);
    await mkdir(spool, { recursive: true });
    const cut = file.replace(/^./, "1");
    await writeFile(join(spool, cut), '{"version":1,"network":"spo');
    await writeFile(join(spool, "core"), Buffer.alloc(4096, 0xff));
    await startAgent();
    await untilLeased([]);
    expect(await readdir(join(spool, "bad"))).toEqual([cut, "core"].toSorted());
  });

  async function startAgent(): Promise<void> {
    await node.startAgent({ kubeconfigPath });
  }

  async function add(pod: string): Promise<string> {
    const [address = ""] = addressesOf(resultOf(await callAgent(node.socketPath, addCall(pod, NETWORK))));
    return address;
  }

  async function release(pod: string): Promise<void> {
    const outcome = await callPlugin(node.socketPath, delCall(addCall(pod, NETWORK)));
    expect(outcome).toMatchObject({ kind: "success", stdout: "" });
  }

  async function untilLeased(addresses: readonly string[]): Promise<void> {
    await untilEqual("the leases", addresses, () => leasedAddresses(cluster.controlPlane));
  }

  /** Waits until the agent has made what it took up from the spool; the files stay for what may still be written late. */
  async function untilSettled(): Promise<void> {
    const request = { socketPath: node.socketPath, method: "GET", path: "/healthz", timeoutMs: 2_000 } as const;
    const isSettled = async (): Promise<true | undefined> => {
      const { body } = await requestOverSocket(request);
      return (JSON.parse(body) as { pendingReleases: number }).pendingReleases === 0 ? true : undefined;
    };
    await waitFor(isSettled, { what: "the agent to settle what it took up", timeoutMs: RELEASE_TIMEOUT_MS });
  }

  async function untilEqual(
    what: string,
    expected: readonly string[],
    read: () => Promise<readonly string[]>,
  ): Promise<void> {
    const isEqual = async (): Promise<true | undefined> =>
      (await read()).join() === expected.join() ? true : undefined;
    await waitFor(isEqual, { what: `${what} to be ${expected.join() || "gone"}`, timeoutMs: RELEASE_TIMEOUT_MS });
  }
});
