import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { addCall, delCall } from "./src/ipam-calls.ts";
import { LocalAgent } from "./src/local-agent.ts";
import { NetworkNamespace } from "./src/namespaces.ts";
import { requireSystemPrograms } from "./src/requirements.ts";
import { Run } from "./src/run.ts";
import { createPool, leasedAddresses, listLeases, waitUntilWritable } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "lab", type: "macvlan", ipam: { type: "cluster-ipam" } };
const MINUTE_MS = 60_000;
const READY_TIMEOUT_MS = 60_000;
/** Writes after the backup, so that what comes after the restore has lower versions than what memory knows. */
const LATER_WRITES = 20;

describe("an etcd that is restored from a backup under running agents", () => {
  let run: Run;
  let controlPlane: ControlPlane;
  let agent: LocalAgent;
  let count = 0;

  beforeAll(async () => {
    await requireTools(["etcd", "kube-apiserver"]);
    await requireSystemPrograms();
    run = await Run.open();
    controlPlane = await ControlPlane.start(run, { isGuarded: true, nodes: ["n1"] });
    await createPool(controlPlane, "lab", { ranges: [{ subnet: "10.72.0.0/24" }] });
    agent = await LocalAgent.start(run, controlPlane, { node: "n1" });
  });
  afterAll(() => run?.close());

  interface Living {
    readonly address: string;
    readonly namespace: NetworkNamespace;
    readonly call: ReturnType<typeof addCall>;
  }

  async function attach(name: string, address?: string): Promise<Living> {
    count += 1;
    const namespace = await NetworkNamespace.create(run, `bak${count}`);
    const config = address === undefined ? NETWORK : { ...NETWORK, runtimeConfig: { ips: [address] } };
    const call = addCall(name, config, { netns: namespace.path });
    const [given = ""] = await agent.call(call);
    return { address: given, namespace, call };
  }

  async function detach({ call, namespace }: Living): Promise<void> {
    await agent.call(delCall(call));
    await namespace.delete();
  }

  it("leases are those of the living again, and every call works on, whatever the server has forgotten", async () => {
    const stays = await attach("stays");
    const deleted = await attach("deleted");
    const reused = await attach("reused");
    const backup = await controlPlane.backUp();

    await detach(deleted);
    await detach(reused);
    const successor = await attach("successor", reused.address);
    const younger = await attach("younger");
    // A repeated ADD writes the lease again: memory knows it at a version that the server forgets.
    for (let write = 0; write < LATER_WRITES; write += 1) await agent.call(stays.call);
    const known = await versionOf(stays.address);
    await restore(backup);
    expect(await versionOf(stays.address)).toBeLessThan(known);
    expect(await leasedAddresses(controlPlane)).toEqual(
      [stays, deleted, reused].map(({ address }) => address).toSorted(),
    );

    await agent.reconcileApart(MINUTE_MS);
    await agent.reconcile();
    const living = [stays, successor, younger].map(({ address }) => address).toSorted();
    expect(await leasedAddresses(controlPlane)).toEqual(living);
    expect(new Set(agent.counted)).toEqual(new Set(["adopted", "recreated", "sandbox-gone"]));
    expect((await holderOf(successor.address))?.containerID).toBe(successor.call.containerId);

    // What memory knew at later versions does no harm to the calls that follow.
    expect(await agent.call(stays.call)).toEqual([stays.address]);
    expect(await agent.call(successor.call)).toEqual([successor.address]);
    for (const attached of [stays, successor, younger]) await detach(attached);
    expect(await leasedAddresses(controlPlane)).toEqual([]);
  });

  it("a repeated ADD works before the agent has compared anything, a take-over once it has", async () => {
    const doomed = await attach("doomed");
    const backup = await controlPlane.backUp();
    const younger = await attach("younger");
    for (let write = 0; write < LATER_WRITES; write += 1) {
      for (const { call } of [doomed, younger]) await agent.call(call);
    }
    await restore(backup);
    // The lease is missing: a repeated ADD answers with one that is there.
    const again = await agent.call(younger.call);
    expect(await leasedAddresses(controlPlane)).toEqual([doomed.address, ...again].toSorted());
    expect(await agent.call(younger.call)).toEqual(again);
    // A new sandbox of the same pod takes over what memory knows at a version that the server has forgotten.
    await agent.reconcile();
    count += 1;
    const fresh = await NetworkNamespace.create(run, `bak${count}`);
    const call = { ...doomed.call, containerId: `${doomed.call.containerId}2`, netns: fresh.path };
    expect(await agent.call(call)).toEqual([doomed.address]);
    for (const ended of [younger.call, doomed.call, call]) await agent.call({ ...ended, command: "DEL" });
    expect(await leasedAddresses(controlPlane)).toEqual([]);
  });

  /** The server is there again, and serves leases: it refuses for a while. */
  async function restore(backup: string): Promise<void> {
    await controlPlane.restore(backup);
    await waitUntilWritable(controlPlane, READY_TIMEOUT_MS);
    const isServed = (): Promise<unknown> => listLeases(controlPlane).catch(() => undefined);
    await waitFor(isServed, { what: "leases to be served", timeoutMs: READY_TIMEOUT_MS });
  }

  async function holderOf(address: string) {
    return (await listLeases(controlPlane)).find(({ spec }) => spec.address === address)?.spec;
  }

  async function versionOf(address: string): Promise<number> {
    const lease = (await listLeases(controlPlane)).find(({ spec }) => spec.address === address);
    return Number(lease?.metadata.resourceVersion);
  }
});
