import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addressesOf,
  agentUser,
  type CniCall,
  type ControlPlane,
  callAgent,
  callPlugin,
  countRequests,
  type NetworkConfig,
  PodSandbox,
  pingAll,
  type Reachable,
  Run,
  requestsBetween,
  requireTools,
  runCommand,
  SimulatedCluster,
  STRANGER,
  toolPath,
} from "./src/index.ts";
import { isRunning } from "./src/testing/process-state.ts";

const LEASES = "/apis/cluster-ipam.io/v1alpha1/ipleases";
const POD_DEFAULTS = { namespace: "default" } as const;

let cluster: SimulatedCluster;
let controlPlane: ControlPlane;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl", "cnitool", "macvlan", "host-local"]);
  await requireTools(["cluster-ipam", "cluster-ipam-agent"]);
  cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
  ({ controlPlane } = cluster);
});

afterAll(async () => {
  await cluster.close();
});

function hostLocalNetwork(firstAddress: string): NetworkConfig {
  const ipam = { type: "host-local", subnet: "10.77.0.0/24", rangeStart: firstAddress };
  return { cniVersion: "1.0.0", name: "harness", type: "macvlan", master: "eth1", ipam };
}

async function createNamespaceObject(name: string): Promise<unknown> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return await controlPlane.api.ensure("/api/v1/namespaces", body);
}

describe("pods", () => {
  async function startPod(node: string, name: string, address: string): Promise<Reachable> {
    const sandbox = await PodSandbox.create(cluster.node(node), { ...POD_DEFAULTS, name });
    const result = await sandbox.attach({ ...hostLocalNetwork(address), name: `harness-${name}` });
    return { name, namespace: sandbox.namespace, addresses: addressesOf(result) };
  }

  test("reach each other across nodes, and a second holder of an address is found out", async () => {
    const first = await startPod("n1", "first", "10.77.0.10");
    const second = await startPod("n2", "second", "10.77.0.20");
    await expect(pingAll(cluster.run, [first, second])).resolves.toEqual({ sent: 2, failed: [] });
    const twin = await startPod("n2", "twin", "10.77.0.10");
    expect(twin.addresses).toEqual(first.addresses);
    const { sent, failed } = await pingAll(cluster.run, [first, second, twin]);
    expect(sent).toBe(6);
    // One of the two answers for both, so that who wants the other one does not get it.
    expect(failed.filter(({ from }) => from === "second")).toHaveLength(1);
  });

  test("keep what a plugin wrote to a node's disk apart from the machine's and the other nodes'", async () => {
    const sandbox = await PodSandbox.create(cluster.node("n1"), { ...POD_DEFAULTS, name: "disk" });
    await sandbox.attach({ ...hostLocalNetwork("10.77.0.90"), name: "harness-disk" });
    const lease = "/var/lib/cni/networks/harness-disk/10.77.0.90";
    const [onNode, onOther] = await Promise.all(
      ["n1", "n2"].map((name) => cluster.node(name).execAsRuntime(["test", "-e", lease])),
    );
    expect(onNode?.exitCode).toBe(0);
    expect(onOther?.exitCode).toBe(1);
    expect((await runCommand(["test", "-e", lease])).exitCode).toBe(1);
  });

  test("have the container ID that cnitool gives them", async () => {
    const sandbox = await PodSandbox.create(cluster.node("n1"), { ...POD_DEFAULTS, name: "identity" });
    await sandbox.attach({ ...hostLocalNetwork("10.77.0.95"), name: "harness-id" });
    const file = "/var/lib/cni/networks/harness-id/10.77.0.95";
    const { stdout } = await cluster.node("n1").execAsRuntime(["cat", file]);
    expect(stdout).toBe(`${sandbox.containerId}\r\nnet1`);
  });

  test("get the plugin's words when it fails", async () => {
    const sandbox = await PodSandbox.create(cluster.node("n1"), { ...POD_DEFAULTS, name: "failing" });
    const network = { ...hostLocalNetwork("10.77.0.30"), master: "eth9" };
    await expect(sandbox.attach(network)).rejects.toThrow(
      /^cnitool add harness: plugin type="macvlan" .*Link not found$/,
    );
  });
});

describe("agents", () => {
  const network = {
    cniVersion: "1.0.0",
    name: "harness-agent",
    ipam: { type: "cluster-ipam", subnet: "10.78.0.0/24" },
  } as const;

  function callOf(sandbox: PodSandbox, command: CniCall["command"]): CniCall {
    const { containerId, pod, namespace } = sandbox;
    return { command, containerId, netns: namespace.path, ifName: "net1", pod, config: network };
  }

  test("answer over the socket and through the plugin, in the node's name", async () => {
    const node = cluster.node("n1");
    await node.startAgent();
    const sandbox = await PodSandbox.create(node, { ...POD_DEFAULTS, name: "called" });
    const added = await callAgent(node.socketPath, callOf(sandbox, "ADD"));
    expect(added).toMatchObject({
      kind: "success",
      result: { ips: [{ address: expect.stringMatching(/^10\.78\.0\.\d+\/24$/) }] },
    });
    const { items } = (await controlPlane.api.get(LEASES)) as { items: { spec: { node: string; holder: string } }[] };
    expect(items.map(({ spec }) => [spec.node, spec.holder])).toEqual([["n1", "default/called/net1"]]);
    await expect(callPlugin(node.socketPath, callOf(sandbox, "DEL"))).resolves.toMatchObject({ kind: "success" });
    expect(await controlPlane.api.get(LEASES)).toMatchObject({ items: [] });
    await expect(node.agent.stop()).resolves.toBe(0);
  });

  test("that are away make a call a failure with the plugin's error result", async () => {
    const node = cluster.node("n2");
    const sandbox = await PodSandbox.create(node, { ...POD_DEFAULTS, name: "alone" });
    const outcome = await callPlugin(node.socketPath, callOf(sandbox, "ADD"));
    expect(outcome).toMatchObject({
      kind: "failure",
      error: { code: 11, msg: expect.stringContaining(node.socketPath) },
    });
  });
});

describe("users", () => {
  async function list(user: string, resource: string): Promise<{ exitCode: number; stderr: string }> {
    const kubeconfig = await controlPlane.kubeconfigFor(user);
    return await runCommand([toolPath("kubectl"), `--kubeconfig=${kubeconfig}`, "get", resource], {
      env: { PATH: "/usr/bin:/bin", HOME: cluster.run.folder },
    });
  }

  test("may do what their role says: an agent everything that it needs, a stranger nothing", async () => {
    expect(await list(agentUser("n1"), "ipleases.cluster-ipam.io")).toMatchObject({ exitCode: 0 });
    expect((await list(agentUser("n1"), "secrets")).stderr).toContain("Forbidden");
    expect((await list(STRANGER, "ipleases.cluster-ipam.io")).stderr).toContain("Forbidden");
  });

  test("that the server does not know are refused", async () => {
    const { exitCode, stderr } = await list("nobody", "ipleases.cluster-ipam.io");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("must be logged in");
  });
});

describe("the API server", () => {
  test("counts what it is asked", async () => {
    const before = await controlPlane.requestTotals();
    await controlPlane.api.get(LEASES);
    await controlPlane.api.get(LEASES);
    const asked = requestsBetween(before, await controlPlane.requestTotals());
    expect(countRequests(asked, { verb: "LIST", resource: "ipleases" })).toBe(2);
    expect(countRequests(asked, { resource: "ippools" })).toBe(0);
  });

  test("can be killed, and knows what it knew when it is back", async () => {
    await createNamespaceObject("survivor");
    await controlPlane.server.kill();
    await expect(controlPlane.api.get("/api/v1/namespaces/survivor")).rejects.toThrow("ECONNREFUSED");
    await controlPlane.server.restart();
    await expect(controlPlane.api.get("/api/v1/namespaces/survivor")).resolves.toMatchObject({ kind: "Namespace" });
  });

  test.each(["server", "etcd"] as const)("answers nothing while %s is paused, and everything later", async (part) => {
    controlPlane[part].pause();
    const request = { method: "GET", path: "/api/v1/namespaces/default", timeoutMs: 500 } as const;
    await expect(controlPlane.api.send(request)).rejects.toThrow("no answer");
    controlPlane[part].resume();
    await expect(controlPlane.api.get(request.path)).resolves.toMatchObject({ kind: "Namespace" });
  });
});

test("a cluster that is closed leaves no process, no namespace, no link and no file", async () => {
  const other = await SimulatedCluster.start({ nodes: ["only"] });
  await PodSandbox.create(other.node("only"), { ...POD_DEFAULTS, name: "left" });
  const { id } = other.run;
  const { pid } = other.controlPlane.etcd;
  expect(await traces(id)).not.toEqual([]);
  await other.close();
  expect(isRunning(pid)).toBe(false);
  expect(await traces(id)).toEqual([]);
});

test("a run whose signal fires ends what it waits for, and can be closed", async () => {
  const controller = new AbortController();
  const starting = SimulatedCluster.start({ nodes: ["never"], signal: controller.signal });
  setTimeout(() => controller.abort(new Error("Ctrl-C")), 700);
  await expect(starting).rejects.toThrow("Ctrl-C");
});

/** The names on this machine that a run has made. */
async function traces(runId: string): Promise<readonly string[]> {
  const folders = await Promise.all(["/run/netns", "/tmp", "/sys/class/net"].map((path) => readdir(path)));
  const random = runId.split("-").at(-1) ?? runId;
  return folders.flat().filter((name) => name.includes(random));
}

test("runs side by side have nothing in common", async () => {
  await using first = await Run.open();
  await using second = await Run.open();
  expect(first.id).not.toBe(second.id);
  expect(first.folder).not.toBe(second.folder);
});
