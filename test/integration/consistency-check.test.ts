import { attachedLease, blockOf } from "@cluster-ipam/allocator/testing";
import { API_PATH, BLOCK_RESOURCE, type IPLeaseSpec, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { ControllerReplica } from "./src/controller-replica.ts";
import { createControllerAccount } from "./src/controller-role.ts";
import { createPod, listEvents, type StoredEvent } from "./src/core-objects.ts";
import { createNode } from "./src/node-objects.ts";
import { findFreePorts } from "./src/ports.ts";
import { Run } from "./src/run.ts";
import { createLease, createPool } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const LEASES = `${API_PATH}/${LEASE_RESOURCE}`;
const BLOCKS = `${API_PATH}/${BLOCK_RESOURCE}`;
const DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ipleases.cluster-ipam.io";
const NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status";
const FINALIZER = "example.com/keep";
/** A machine that has much else to do. */
const SOON_MS = 30_000;
const CHECK_TIMEOUT_MS = 60_000;

/** What these tests read of a report. */
interface Report {
  readonly leases: number;
  readonly pods: number;
  readonly unreadablePods: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Readonly<Record<string, string>>[];
}

describe("the check of the cluster's consistency", () => {
  let run: Run;
  let controlPlane: ControlPlane;
  let leader: ControllerReplica;
  let standby: ControllerReplica;
  let ports: readonly number[];

  beforeAll(async () => {
    await requireTools(["etcd", "kube-apiserver", "cluster-ipam-controller"]);
    run = await Run.open();
    controlPlane = await ControlPlane.start(run);
    await createNode(controlPlane, "n1", { isReady: true });
    await createNode(controlPlane, "n2", { isReady: true });
    await createPool(controlPlane, "lab", { ranges: [{ subnet: "10.70.0.0/24" }, { subnet: "fd00:70::/64" }] });
    const kubeconfigPath = await createControllerAccount(run, controlPlane);
    ports = await findFreePorts(2);
    const [one, two] = ports.map((port) => `--check-address=127.0.0.1:${port}`) as [string, string];
    const flags = [one, "--consistency-check-interval=0"];
    leader = await ControllerReplica.start(run, "c1", { kubeconfigPath, flags });
    await untilLeads(leader);
    standby = await ControllerReplica.start(run, "c2", {
      kubeconfigPath,
      flags: [two, "--consistency-check-interval=1s"],
    });
  });
  afterAll(() => run?.close());

  async function untilLeads(replica: ControllerReplica): Promise<void> {
    const isSo = async (): Promise<true | undefined> => ((await replica.isLeading()) ? true : undefined);
    await waitFor(isSo, { what: `${replica.name} to lead`, timeoutMs: SOON_MS });
  }

  /** Asks a replica for a check. */
  async function ask(of: "leader" | "standby", signal?: AbortSignal): Promise<{ status: number; body: unknown }> {
    const url = `http://127.0.0.1:${ports[of === "leader" ? 0 : 1]}/v1/check`;
    const deadline = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    const ended = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const answer = await fetch(url, { method: "POST", signal: ended });
    return { status: answer.status, body: await answer.json() };
  }

  /** A check that saw as many: copies of the cluster come a moment late, the server's own too. */
  async function checked({ leases, pods }: Pick<Report, "leases" | "pods">): Promise<Report> {
    const look = async (): Promise<Report | undefined> => {
      const { status, body } = await ask("leader");
      expect({ status, body }).toMatchObject({ status: 200 });
      const report = body as Report;
      return report.leases === leases && report.pods === pods ? report : undefined;
    };
    return await waitFor(look, { what: `a check of ${leases} leases and ${pods} pods`, timeoutMs: CHECK_TIMEOUT_MS });
  }

  async function lease(address: string, spec: Partial<IPLeaseSpec> = {}, metadata: object = {}): Promise<number> {
    const draft = attachedLease(address, { pool: "lab", node: "n1", ...spec });
    const body = JSON.stringify({ ...draft, metadata: { ...draft.metadata, ...metadata } });
    return (await controlPlane.api.send({ method: "POST", path: LEASES, body })).status;
  }

  /** The lease that interface net1 of a pod has. */
  async function leaseOf(name: string, address: string): Promise<void> {
    const spec = { pod: { namespace: "default", name }, holder: `default/${name}/net1` };
    expect(await lease(address, spec)).toBe(201);
  }

  /** A pod whose interface net1 shows the addresses. */
  async function pod(name: string, node: string, ...ips: readonly string[]): Promise<void> {
    const networks = [
      { name: "kindnet", interface: "eth0", ips: ["10.244.0.9"], default: true, dns: {} },
      { name: "default/lan", interface: "net1", ips, mac: "5a:4b:00:00:00:01", dns: {} },
    ];
    await createPod(
      controlPlane,
      node,
      { namespace: "default", name },
      { annotations: { [NETWORK_STATUS]: JSON.stringify(networks) } },
    );
  }

  /** A pod in the network of its node, whose address it shows as its own. */
  async function hostPod(name: string, nodeName: string, ip: string): Promise<void> {
    const annotations = { [NETWORK_STATUS]: JSON.stringify([{ name: "node", interface: "eth1", ips: [ip] }]) };
    const spec = { nodeName, hostNetwork: true, containers: [{ name: "main", image: "none.invalid/none" }] };
    const body = { apiVersion: "v1", kind: "Pod", metadata: { name, annotations }, spec };
    await controlPlane.api.ensure("/api/v1/namespaces/default/pods", JSON.stringify(body));
  }

  async function patchPod(name: string, path: string, change: object): Promise<void> {
    const contentType = "application/merge-patch+json";
    const target = `/api/v1/namespaces/default/pods/${name}${path}`;
    const body = JSON.stringify(change);
    const { status, text } = await controlPlane.api.send({ method: "PATCH", path: target, body, contentType });
    if (status !== 200) throw new Error(text);
  }

  /** What the controller has told of findings, and of nothing else. */
  async function told(): Promise<readonly StoredEvent[]> {
    const events = await listEvents(controlPlane, "controller");
    return events.filter(({ regarding }) => regarding.kind !== "IPPool");
  }

  /** Lists of pods that the server has answered: from its memory by the index of nodes, and with the help of etcd. */
  async function podLists(): Promise<{ readonly ofMemory: number; readonly ofEtcd: number }> {
    const { text } = await controlPlane.api.send({ method: "GET", path: "/metrics" });
    const sum = (pattern: RegExp): number =>
      [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
    return {
      ofMemory: sum(/^apiserver_cache_list_total\{.*index="f:spec.nodeName",.*resource="pods".*\} (\d+)$/gm),
      ofEtcd: sum(/^etcd_requests_total\{.*operation="list.*resource="pods".*\} (\d+)$/gm),
    };
  }

  async function remove(path: string): Promise<void> {
    const { status, text } = await controlPlane.api.send({ method: "DELETE", path });
    if (status !== 200) throw new Error(text);
  }

  /** Lets leases in whose name is not that of their address, as an older version of the definitions did, until `made`. */
  async function withoutNameRule(made: () => Promise<void>): Promise<void> {
    const api = controlPlane.api;
    const definition = (await api.get(DEFINITION)) as {
      readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: object } }] };
    };
    const [version] = definition.spec.versions;
    const { "x-kubernetes-validations": rules, ...schema } = version.schema.openAPIV3Schema as Record<string, unknown>;
    const put = async (openAPIV3Schema: object): Promise<void> => {
      const now = (await api.get(DEFINITION)) as typeof definition;
      const versions = [{ ...version, schema: { openAPIV3Schema } }];
      const body = JSON.stringify({ ...now, spec: { ...now.spec, versions } });
      expect(await api.send({ method: "PUT", path: DEFINITION, body })).toMatchObject({ status: 200 });
    };
    await put(schema);
    const isLet = async (): Promise<true | undefined> =>
      (await lease("10.99.0.1", { pool: "" }, { name: "probe" })) === 201 ? true : undefined;
    await waitFor(isLet, { what: "the server to let such leases in", timeoutMs: SOON_MS });
    await made();
    await remove(`${LEASES}/probe`);
    await put({ ...schema, "x-kubernetes-validations": rules });
    const isRefused = async (): Promise<true | undefined> => {
      if ((await lease("10.99.0.1", { pool: "" }, { name: "probe" })) === 422) return true;
      await remove(`${LEASES}/probe`);
      return undefined;
    };
    await waitFor(isRefused, { what: "the server to refuse such leases", timeoutMs: SOON_MS });
  }

  it("finds nothing where every address is its holder's, and does not mistake what looks like one", async () => {
    await leaseOf("web-0", "10.70.0.5");
    await leaseOf("web-0", "fd00:70::5");
    await pod("web-0", "n1", "10.70.0.5", "fd00:70::5");
    // None of these has a lease of what it shows.
    await pod("elsewhere", "n1", "10.71.0.5", "fd00:71::5");
    await pod("done", "n1", "10.70.0.6");
    await patchPod("done", "/status", { status: { phase: "Succeeded" } });
    await pod("failed", "n2", "10.70.0.6");
    await patchPod("failed", "/status", { status: { phase: "Failed" } });
    await pod("ending", "n2", "10.70.0.6");
    await remove("/api/v1/namespaces/default/pods/ending");
    await pod("without-sandbox", "n2", "10.70.0.6");
    const conditions = [{ type: "PodReadyToStartContainers", status: "False" }];
    await patchPod("without-sandbox", "/status", { status: { phase: "Running", conditions } });
    await hostPod("of-the-node", "n1", "10.70.0.6");
    await createPod(
      controlPlane,
      "n1",
      { namespace: "default", name: "odd" },
      { annotations: { [NETWORK_STATUS]: "[{" } },
    );
    // Neither the ended ones, nor the one that is being deleted, nor that in its node's network.
    const report = await checked({ leases: 2, pods: 4 });
    expect(report.findings).toEqual([]);
    expect(Object.values(report.counts).every((count) => count === 0)).toBe(true);
    expect(report.unreadablePods).toBe(1);
    expect(await leader.metric('check_findings{kind="other-holder"}')).toBe(0);
    expect(await leader.metric('checks_total{outcome="findings"}')).toBe(0);
    expect(await told()).toEqual([]);
  });

  it("is not done by a replica that does not lead, which says who does", async () => {
    const { status, body } = await ask("standby");
    expect(status).toBe(503);
    expect(body).toEqual({
      leader: expect.stringMatching(/^c1_/),
      message: expect.stringMatching(/^c1_\S+ leads: ask that replica$/),
    });
    expect(await standby.metric("check_duration_seconds_count")).toBe(0);
  });

  it("finds what contradicts what, IPv4 and IPv6, tells each once, and changes nothing", async () => {
    // A lease that was deleted by hand, an address that somebody else has.
    await pod("bare-4", "n2", "10.70.0.10");
    await pod("bare-6", "n2", "fd00:70::10");
    await pod("thief-4", "n2", "10.70.0.5");
    await pod("thief-6", "n2", "fd00:70::5");
    await createLease(controlPlane, { address: "10.70.0.11", pool: "lab", reserved: { reason: "printer" } });
    await pod("printer", "n1", "10.70.0.11");
    await lease("10.70.0.30", {}, { finalizers: [FINALIZER] });
    await lease("fd00:70::30", {}, { finalizers: [FINALIZER] });
    await remove(`${LEASES}/fd00-0070-0000-0000-0000-0000-0000-0030`);
    const block = blockOf("10.73.0.0/28");
    const metadata = { ...block.metadata, finalizers: [FINALIZER] };
    await controlPlane.api.ensure(BLOCKS, JSON.stringify({ ...block, metadata }));
    await withoutNameRule(async () => {
      await lease("10.70.0.5", { node: "n2" }, { name: "10.70.0.105" });
      await lease("fd00:70::5", { node: "n2" }, { name: "fd00-0070-0000-0000-0000-0000-0000-0105" });
      await lease("10.70.0.20", {}, { name: "10.70.0.120" });
    });
    await createPool(controlPlane, "moved", { ranges: [{ subnet: "10.72.0.0/24" }] });
    await lease("10.72.0.1", { pool: "moved" });
    await lease("10.72.0.2", { pool: "moved", addressSpace: "blue" });

    const report = await checked({ leases: 10, pods: 9 });
    const found = report.findings.map(({ kind, address, pool, pod: name, lease: of, block: prefix }) =>
      [kind, address ?? pool, name ?? prefix, of].join(" "),
    );
    expect(found.toSorted()).toEqual([
      "address-without-lease 10.70.0.10 default/bare-4 ",
      "address-without-lease fd00:70::10 default/bare-6 ",
      "duplicate-address 10.70.0.5 default/web-0 10.70.0.105",
      "duplicate-address fd00:70::5 default/web-0 fd00-0070-0000-0000-0000-0000-0000-0105",
      "foreign-finalizer 10.70.0.30 default/web-0 10.70.0.30",
      "foreign-finalizer 10.73.0.0/28 10.73.0.0-28 ",
      "foreign-finalizer fd00:70::30 default/web-0 fd00-0070-0000-0000-0000-0000-0000-0030",
      "misnamed-lease 10.70.0.20 default/web-0 10.70.0.120",
      "other-holder 10.70.0.11 default/printer 10.70.0.11",
      "other-holder 10.70.0.5 default/thief-4 10.70.0.5",
      "other-holder fd00:70::5 default/thief-6 fd00-0070-0000-0000-0000-0000-0000-0005",
      "pool-in-two-spaces moved default/web-0 blue.10.72.0.2",
    ]);
    expect(report.counts).toEqual({
      "duplicate-address": 2,
      "other-holder": 3,
      "address-without-lease": 2,
      "misnamed-lease": 1,
      "pool-in-two-spaces": 1,
      "foreign-finalizer": 3,
    });
    for (const [kind, count] of Object.entries(report.counts)) {
      expect(await leader.metric(`check_findings{kind="${kind}"}`), kind).toBe(count);
    }
    const untilTold = async (): Promise<true | undefined> => ((await told()).length >= 12 ? true : undefined);
    await waitFor(untilTold, { what: "an event of each finding", timeoutMs: SOON_MS });
    const before = await podLists();
    expect((await checked({ leases: 10, pods: 9 })).counts).toEqual(report.counts);
    expect(await podLists()).toEqual({ ofMemory: before.ofMemory + 2, ofEtcd: before.ofEtcd });
    const events = await told();
    expect(new Set(events.map(({ note }) => note))).toEqual(new Set(report.findings.map(({ message }) => message)));
    expect(events).toHaveLength(12);
    expect(events.find(({ reason }) => reason === "AddressWithoutLease")).toMatchObject({
      type: "Warning",
      regarding: { kind: "Pod", namespace: "default", name: "bare-4" },
    });
  });

  it("goes on when whoever asked hangs up, and whoever asks meanwhile has its result", async () => {
    const ended = (): Promise<number | undefined> => leader.metric('checks_total{outcome="findings"}');
    const before = (await ended()) ?? 0;
    const hungUp = new AbortController();
    const first = ask("leader", hungUp.signal);
    const second = ask("leader");
    const third = ask("leader");
    // What it suspects it looks into after ten seconds: it is under way.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    hungUp.abort();
    await expect(first).rejects.toThrow("aborted");
    expect(await second).toEqual(await third);
    expect(await ended()).toBe(before + 1);
  });

  it("is done by itself by whoever leads next, from time to time", async () => {
    expect(await leader.daemon.stop()).toBe(0);
    await untilLeads(standby);
    const isDone = async (): Promise<true | undefined> => {
      const count = await standby.metric('checks_total{outcome="findings"}');
      return count !== undefined && count >= 2 ? true : undefined;
    };
    await waitFor(isDone, { what: "two checks", timeoutMs: CHECK_TIMEOUT_MS });
    expect(await standby.metric('check_findings{kind="other-holder"}')).toBe(3);
    const checkedAtS = (await standby.metric("last_check_timestamp_seconds")) ?? 0;
    expect(checkedAtS).toBeGreaterThan(Date.now() / 1_000 - CHECK_TIMEOUT_MS / 1_000);
    expect(await standby.daemon.stop()).toBe(0);
  });
});
