import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_VERSION, type IPLeaseSpec } from "@cluster-ipam/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import type { CommandResult } from "./src/command.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { listLeases, removeLeases } from "./src/stored-objects.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "macvlan-conf",
  type: "macvlan",
  master: "eth1",
  capabilities: { ips: true },
  ipam: { type: "cluster-ipam", subnet: "172.16.1.0/24", rangeStart: "172.16.1.200", rangeEnd: "172.16.1.203" },
};
const ADDRESS = "172.16.1.201";
const FIXED = { capabilityArgs: { ips: [ADDRESS] } };
const FOR_DB = { reason: "license of the database", for: { namespace: "shop", name: "db-0" } } as const;

describe("S3: addresses that are reserved by hand", () => {
  let cluster: SimulatedCluster;
  let n1: SimulatedNode;
  let n2: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    await cluster.startAgents();
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
  });
  afterAll(() => cluster.close());
  afterEach(() => removeLeases(cluster.controlPlane));

  /** As a person does it. */
  async function reserve(spec: Partial<IPLeaseSpec>): Promise<CommandResult> {
    const path = join(cluster.run.folder, "reservation.json");
    const lease = {
      apiVersion: API_VERSION,
      kind: "IPLease",
      metadata: { name: ADDRESS, labels: { "managed-by": "hand" } },
      spec: { address: ADDRESS, prefixLength: 24, ...spec },
    };
    await writeFile(path, JSON.stringify(lease));
    return await kubectl(cluster.run, cluster.controlPlane, ["create", "-f", path]);
  }

  /** As a person changes the lease under its holder. */
  async function edit(spec: { readonly reserved: typeof FOR_DB | null }): Promise<void> {
    const patch = JSON.stringify({ spec });
    const args = ["patch", "iplease", ADDRESS, "--type=merge", "-p", patch];
    expect(await kubectl(cluster.run, cluster.controlPlane, args)).toMatchObject({ exitCode: 0 });
  }

  async function onlyLease(): Promise<Awaited<ReturnType<typeof listLeases>>[number]> {
    const [lease, ...more] = await listLeases(cluster.controlPlane);
    if (lease === undefined || more.length > 0) throw new Error("expected one lease");
    return lease;
  }

  it("S3: one for a pod is taken by that pod on any node, with a real macvlan, and is the same again afterwards", async () => {
    expect(await reserve({ reserved: FOR_DB })).toMatchObject({ exitCode: 0 });
    const before = await onlyLease();
    for (const node of [n1, n2]) {
      const pod = await PodSandbox.create(node, { namespace: "shop", name: "db-0" });
      expect(addressesOf(await pod.attach(NETWORK, FIXED))).toEqual([ADDRESS]);
      expect((await readInterface(pod.namespace, "net1")).addresses).toEqual([`${ADDRESS}/24`]);
      const held = await onlyLease();
      expect(held.metadata).toMatchObject({ uid: before.metadata.uid, labels: { "managed-by": "hand" } });
      expect(held.spec).toMatchObject({ reserved: FOR_DB, node: node.name, holder: "shop/db-0/net1" });
      await pod.check(NETWORK, FIXED);
      await pod.detach(NETWORK, FIXED);
      const after = await onlyLease();
      expect(after.spec).toEqual(before.spec);
      expect(after.metadata.labels).toEqual(before.metadata.labels);
    }
  });

  it("S3: it is refused to every other pod with the reason, and no strategy hands it out", async () => {
    await reserve({ reserved: FOR_DB });
    const asking = addCall("db-1", { ...NETWORK, runtimeConfig: { ips: [ADDRESS] } });
    const error = errorOf(await callPlugin(n1.socketPath, asking));
    expect(error).toMatchObject({ code: 102 });
    expect(error.msg).toContain(`${ADDRESS} is held by a reservation for pod shop/db-0 (license of the database)`);
    expect(error.msg).toContain(`kubectl delete iplease ${ADDRESS}`);

    const calls = ["a", "b", "c"].map((name) => addCall(name, NETWORK));
    const results = [];
    for (const call of calls) results.push(resultOf(await callPlugin(n2.socketPath, call)));
    expect(results.flatMap(addressesOf).toSorted()).toEqual(["172.16.1.200", "172.16.1.202", "172.16.1.203"]);
    const full = errorOf(await callPlugin(n2.socketPath, addCall("d", NETWORK)));
    expect(full).toMatchObject({ code: 101, msg: expect.stringContaining("4 used of a capacity of 4") });
    for (const call of calls) resultOf(await callPlugin(n2.socketPath, delCall(call)));
  });

  it("S3: one with another prefix length is an error that names both, and takes nothing", async () => {
    await reserve({ reserved: FOR_DB, prefixLength: 32 });
    const before = await onlyLease();
    const pod = await PodSandbox.create(n1, { namespace: "shop", name: "db-0" });
    await expect(pod.attach(NETWORK, FIXED)).rejects.toThrow(
      /with prefixLength 32, and the subnet of pool .* as a \/24/,
    );
    await pod.detach(NETWORK, FIXED);
    expect(await onlyLease()).toEqual(before);
  });

  it("S3: an address that a pod has cannot be reserved: kubectl says so, and shows who has it", async () => {
    const holder = addCall("db-9", { ...NETWORK, runtimeConfig: { ips: [ADDRESS] } });
    resultOf(await callPlugin(n1.socketPath, holder));
    const refused = await reserve({ reserved: { reason: "router" } });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain("AlreadyExists");
    const { stdout } = await kubectl(cluster.run, cluster.controlPlane, ["get", "iplease", ADDRESS]);
    expect(stdout).toMatch(/172\.16\.1\.201 +default +db-9 +n1 +net1/);
    resultOf(await callPlugin(n1.socketPath, delCall(holder)));
    expect(await reserve({ reserved: { reason: "router" } })).toMatchObject({ exitCode: 0 });
  });

  it("S3: kubectl shows a reservation, and taking it back with kubectl under its pod frees the address with the pod", async () => {
    await reserve({ reserved: FOR_DB });
    const wide = await kubectl(cluster.run, cluster.controlPlane, ["get", "ipleases", "-o", "wide"]);
    expect(wide.stdout).toContain("license of the database");
    const pod = await PodSandbox.create(n1, { namespace: "shop", name: "db-0" });
    await pod.attach(NETWORK, FIXED);
    await edit({ reserved: null });
    await pod.detach(NETWORK, FIXED);
    expect(await listLeases(cluster.controlPlane)).toEqual([]);
  });

  it("S3: one that is made under the pod that has the address stays when the pod goes", async () => {
    const pod = await PodSandbox.create(n2, { namespace: "shop", name: "db-0" });
    await pod.attach(NETWORK, FIXED);
    await edit({ reserved: FOR_DB });
    await pod.detach(NETWORK, FIXED);
    expect((await onlyLease()).spec).toMatchObject({ reserved: FOR_DB, node: "", holder: "" });
  });
});
