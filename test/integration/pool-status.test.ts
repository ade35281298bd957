import {
  API_PATH,
  type Condition,
  type IPPool,
  type IPPoolStatus,
  LEASE_RESOURCE,
  POOL_RESOURCE,
} from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { ControllerReplica } from "./src/controller-replica.ts";
import { createControllerAccount, ELECTION_LEASE } from "./src/controller-role.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { setPodCidrs } from "./src/node-objects.ts";
import { addressesOf, type NetworkConfig } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { createPool, deletePool, listLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

/** A machine that has much else to do. */
const SOON_MS = 30_000;

describe("the controller and its pools", () => {
  let cluster: SimulatedCluster;
  let replica: ControllerReplica;
  let pools = 0;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
    const { run, controlPlane } = cluster;
    await setPodCidrs(controlPlane, "n1", ["10.244.1.0/24"]);
    await setPodCidrs(controlPlane, "n2", ["10.244.2.0/24"]);
    await cluster.startAgents();
    const kubeconfigPath = await createControllerAccount(run, controlPlane);
    // Held by nobody: the first replica need not wait for a leader that it has not seen.
    const { namespace, name } = ELECTION_LEASE;
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec: {} };
    await controlPlane.api.ensure(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, JSON.stringify(lease));
    replica = await ControllerReplica.start(run, "c1", { kubeconfigPath });
  });
  afterAll(() => cluster.close());

  /** Its subnet, which no other pool here has. */
  async function pool(spec?: Parameters<typeof createPool>[2]): Promise<string> {
    const name = `pool-${(pools += 1)}`;
    await createPool(cluster.controlPlane, name, spec ?? { ranges: [{ subnet: `10.50.${pools}.0/29` }] });
    return name;
  }

  async function statusOf(name: string): Promise<IPPoolStatus> {
    const { status } = (await cluster.controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}/${name}`)) as IPPool;
    return status ?? {};
  }

  async function untilStatus(name: string, isMet: (status: IPPoolStatus) => boolean): Promise<IPPoolStatus> {
    let status: IPPoolStatus = {};
    const look = async (): Promise<true | undefined> => {
      status = await statusOf(name);
      return isMet(status) ? true : undefined;
    };
    await waitFor(look, { what: `the status of ${name}`, timeoutMs: SOON_MS }).catch((cause: unknown) => {
      throw new Error(`the status of ${name} is ${JSON.stringify(status)}`, { cause });
    });
    return status;
  }

  function network(name: string): NetworkConfig {
    return { cniVersion: "1.0.0", name, type: "macvlan", master: "eth1", ipam: { type: "cluster-ipam", pool: name } };
  }

  function condition({ conditions = [] }: IPPoolStatus, type: string): Condition["status"] | undefined {
    return conditions.find((one) => one.type === type)?.status;
  }

  it("a new pool is Ready, with its capacity", async () => {
    const status = await untilStatus(await pool(), (one) => condition(one, "Ready") === "True");
    expect(status).toMatchObject({ capacity: "6", used: "0", free: "6", reserved: "0", kept: "0", outside: "0" });
    expect(await replica.metric("pool_statuses_written_total")).toBeGreaterThan(0);
  });

  it("S16: a pool that runs full is Exhausted, with an event; freeing one address lets the next pod in", async () => {
    const name = await pool();
    const { socketPath } = cluster.node("n1");
    const calls = Array.from({ length: 6 }, (_, index) => addCall(`${name}-${index}`, network(name)));
    for (const call of calls) resultOf(await callPlugin(socketPath, call));
    const full = await untilStatus(name, (one) => condition(one, "Exhausted") === "True");
    expect(full).toMatchObject({ used: "6", free: "0" });
    expect(condition(full, "NearlyFull")).toBe("True");
    const next = addCall(`${name}-next`, network(name));
    expect(errorOf(await callPlugin(socketPath, next)).code).toBe(101);
    const [first] = calls;
    if (first === undefined) throw new Error("no call");
    resultOf(await callPlugin(socketPath, delCall(first)));
    await untilStatus(name, (one) => condition(one, "Exhausted") === "False" && one.free === "1");
    resultOf(await callPlugin(socketPath, next));
    const isTold = async (): Promise<true | undefined> => {
      const { items } = (await cluster.controlPlane.api.get("/apis/events.k8s.io/v1/namespaces/default/events")) as {
        readonly items: readonly { readonly reason: string; readonly regarding: { readonly name: string } }[];
      };
      return items.some(({ reason, regarding }) => reason === "Exhausted" && regarding.name === name)
        ? true
        : undefined;
    };
    await waitFor(isTold, { what: "the event of a full pool", timeoutMs: SOON_MS });
    for (const call of [...calls.slice(1), next]) resultOf(await callPlugin(socketPath, delCall(call)));
    await untilStatus(name, ({ used }) => used === "0");
  });

  it("two pools that share addresses name each other, and both count what one of them gave out", async () => {
    const subnet = "10.51.0.0/29";
    const [one, two] = [await pool({ ranges: [{ subnet }] }), await pool({ ranges: [{ subnet, end: "10.51.0.3" }] })];
    const call = addCall("shared", network(two));
    resultOf(await callPlugin(cluster.node("n1").socketPath, call));
    const status = await untilStatus(one, (found) => condition(found, "Overlapping") === "True" && found.used === "1");
    expect(status.conditions?.find(({ type }) => type === "Overlapping")?.message).toContain(two);
    await untilStatus(two, ({ used, capacity }) => used === "1" && capacity === "3");
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(call)));
    await deletePool(cluster.controlPlane, two);
    await untilStatus(one, (found) => condition(found, "Overlapping") === "False" && found.used === "0");
  });

  it("a pool that agents refuse is Invalid, with the sentence that they say, and right again after an edit", async () => {
    const range = { subnet: "10.52.0.0/24", start: "10.52.0.9", end: "10.52.0.5" };
    const name = await pool({ ranges: [range] });
    const status = await untilStatus(name, (one) => condition(one, "Invalid") === "True");
    expect(condition(status, "Ready")).toBe("False");
    const { msg } = errorOf(await callPlugin(cluster.node("n1").socketPath, addCall("bad", network(name))));
    const message = status.conditions?.find(({ type }) => type === "Invalid")?.message ?? "no message";
    expect(msg).toContain(message);
    await cluster.controlPlane.api.send({
      method: "PATCH",
      path: `${API_PATH}/${POOL_RESOURCE}/${name}`,
      body: JSON.stringify({ spec: { ranges: [{ ...range, start: "10.52.0.1" }] } }),
      contentType: "application/merge-patch+json",
    });
    await untilStatus(name, (one) => condition(one, "Ready") === "True" && one.capacity === "5");
  });

  it("a pool of the nodes' own networks has the addresses of all of them", async () => {
    const name = "pod-networks";
    await createPool(cluster.controlPlane, name, { ranges: [], source: "NodePodCIDR" });
    // 254 addresses of each, less the bridge's.
    expect(await untilStatus(name, ({ capacity }) => capacity === "506")).toMatchObject({ used: "0", free: "506" });
  });

  it("an address that is reserved by hand is counted as such", async () => {
    const name = await pool({ ranges: [{ subnet: "10.53.0.0/29" }] });
    const spec = { address: "10.53.0.2", prefixLength: 29, reserved: { reason: "the printer" } };
    const lease = { apiVersion: "cluster-ipam.io/v1alpha1", kind: "IPLease", metadata: { name: "10.53.0.2" }, spec };
    await cluster.controlPlane.api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, JSON.stringify(lease));
    await untilStatus(name, ({ reserved, free }) => reserved === "1" && free === "5");
    await cluster.controlPlane.api.send({ method: "DELETE", path: `${API_PATH}/${LEASE_RESOURCE}/10.53.0.2` });
    const after = await untilStatus(name, ({ reserved, free }) => reserved === "0" && free === "6");
    expect(after).toMatchObject({ used: "0", kept: "0" });
  });

  it("an address that cools down is free again after its time, and is nobody's before", async () => {
    const ranges = [{ subnet: "10.54.0.0/30", start: "10.54.0.1", end: "10.54.0.1" }];
    const name = await pool({ ranges, coolDownSeconds: 3 });
    await untilStatus(name, (one) => condition(one, "Ready") === "True");
    const { socketPath } = cluster.node("n1");
    const first = addCall("cooling-1", network(name));
    const added = async (call = first): Promise<true | undefined> => {
      const outcome = await callPlugin(socketPath, call);
      return outcome.kind === "success" ? true : undefined;
    };
    // An agent may have read the pool before the controller did.
    await waitFor(added, { what: "the agent to see the pool Ready", timeoutMs: SOON_MS });
    const releasedAtMs = performance.now();
    resultOf(await callPlugin(socketPath, delCall(first)));
    const other = addCall("cooling-2", network(name));
    expect(errorOf(await callPlugin(cluster.node("n2").socketPath, other)).code).toBe(101);
    await waitFor(() => added(other), { what: "the address to be free again", timeoutMs: SOON_MS });
    expect(performance.now() - releasedAtMs).toBeGreaterThan(3_000);
    resultOf(await callPlugin(socketPath, delCall(other)));
    const isGone = async (): Promise<true | undefined> =>
      (await listLeases(cluster.controlPlane)).length === 0 ? true : undefined;
    await waitFor(isGone, { what: "the last lease to go", timeoutMs: SOON_MS });
    expect(await replica.metric("kept_leases_ended_total")).toBeGreaterThanOrEqual(2);
  });

  it("a retained address comes back to its pod on another node, and the pool shows it kept meanwhile", async () => {
    const name = await pool({ ranges: [{ subnet: "10.55.0.0/24" }], retain: { policy: "Always", seconds: 600 } });
    await untilStatus(name, (one) => condition(one, "Ready") === "True");
    const add = addCall("web-0", network(name));
    let result: ReturnType<typeof resultOf> | undefined;
    const isAdded = async (): Promise<true | undefined> => {
      const outcome = await callPlugin(cluster.node("n1").socketPath, add);
      if (outcome.kind === "success") result = resultOf(outcome);
      return result === undefined ? undefined : true;
    };
    await waitFor(isAdded, { what: "the agent to see the pool Ready", timeoutMs: SOON_MS });
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(add)));
    await untilStatus(name, ({ kept, used }) => kept === "1" && used === "0");
    const again = { ...add, containerId: `${add.containerId?.slice(0, 60)}-two` };
    let back: ReturnType<typeof resultOf> | undefined;
    const isBack = async (): Promise<true | undefined> => {
      const outcome = await callPlugin(cluster.node("n2").socketPath, again);
      if (outcome.kind === "success") back = resultOf(outcome);
      return back === undefined ? undefined : true;
    };
    await waitFor(isBack, { what: "the other node's agent to see the pool Ready", timeoutMs: SOON_MS });
    expect(back && addressesOf(back)).toEqual(result && addressesOf(result));
    await untilStatus(name, ({ kept, used }) => kept === "0" && used === "1");
  });
});
