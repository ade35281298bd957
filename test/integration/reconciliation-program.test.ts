import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPod } from "./src/core-objects.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses } from "./src/stored-objects.ts";
import { requestOverSocket } from "./src/unix-http.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "lab",
  type: "macvlan",
  master: "eth1",
  ipam: { type: "cluster-ipam" },
};
/** A look at the start, another one a minute later, and room for a busy machine. */
const RELEASED_TIMEOUT_MS = 150_000;

let cluster: SimulatedCluster;
let agents: AgentsAtWork;

beforeAll(async () => {
  cluster = await SimulatedCluster.start({ nodes: ["n1", "n2", "n3"] });
  await createPool(cluster.controlPlane, "lab", { ranges: [{ subnet: "10.71.0.0/24" }] });
  agents = await AgentsAtWork.start(cluster);
});
afterAll(() => cluster?.close());

describe("the agent's program", () => {
  it("releases by itself what a sandbox has left that went without a DEL", {
    timeout: RELEASED_TIMEOUT_MS + 30_000,
  }, async () => {
    const isReleased = async (): Promise<true | undefined> => ((await agents.has("n1")) ? undefined : true);
    await waitFor(isReleased, { what: "the stale lease to go", timeoutMs: RELEASED_TIMEOUT_MS, intervalMs: 500 });
    expect(await cluster.node("n1").agent.log()).toContain("stale lease released: its sandbox is gone");
  });

  it("releases nothing with --reconcile=off, and says so when asked to", async () => {
    expect(await agents.has("n2")).toBe(true);
    const answer = await agents.ask("n2");
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("--reconcile=off");
  });

  it("in a mount namespace of its own keeps what it cannot see, and says in its log how to mend that", async () => {
    const answer = await agents.ask("n3");
    expect(JSON.parse(answer.body)).toMatchObject({ mode: "on", leases: 1, done: [], suspected: [], failures: [] });
    expect(await agents.has("n3")).toBe(true);
    expect(await cluster.node("n3").agent.log()).toContain("mountPropagation: HostToContainer");
  });
});

/** The agents of three nodes, each with a pod that something has happened to. */
class AgentsAtWork {
  readonly #addresses: ReadonlyMap<string, string>;

  private constructor(addresses: ReadonlyMap<string, string>) {
    this.#addresses = addresses;
  }

  static async start(of: SimulatedCluster): Promise<AgentsAtWork> {
    const addresses = new Map<string, string>();
    for (const name of ["n1", "n2", "n3"]) {
      const node = of.node(name);
      await node.startAgent();
      const pod = await createPod(of.controlPlane, name, { namespace: "default", name: `real-${name}` });
      const sandbox = await PodSandbox.create(node, pod);
      addresses.set(name, addressesOf(await sandbox.attach(NETWORK))[0] ?? "");
      await node.agent.kill();
      await restart(node, sandbox);
    }
    return new AgentsAtWork(addresses);
  }

  /** Whether the lease of the node's pod is there. */
  async has(node: string): Promise<boolean> {
    return (await leasedAddresses(cluster.controlPlane)).includes(this.#addresses.get(node) ?? "none");
  }

  /** A round now. */
  ask(node: string): ReturnType<typeof requestOverSocket> {
    const { socketPath } = cluster.node(node);
    return requestOverSocket({ socketPath, method: "POST", path: "/v1/reconcile", timeoutMs: 30_000 });
  }
}

/** Starts a node's agent again: after the pod's sandbox has gone, or where it cannot see that it is there. */
async function restart(node: SimulatedNode, sandbox: PodSandbox): Promise<void> {
  if (node.name === "n3") {
    // The mount goes in the agent's own mount namespace alone: what it sees then is the plain file underneath.
    const hide = `umount "$0" && exec "$@"`;
    return node.startAgent({ wrapper: ["unshare", "--mount", "sh", "-c", hide, sandbox.namespace.path] });
  }
  await sandbox.delete();
  await node.startAgent(node.name === "n2" ? { flags: ["--reconcile=off"] } : {});
}
