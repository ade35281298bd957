import { randomUUID } from "node:crypto";
import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Pod, SEARCH_PATH } from "./src/cni-call.ts";
import { mustRun } from "./src/command.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { createPod, deletePod, listEvents } from "./src/core-objects.ts";
import { Daemon } from "./src/daemon.ts";
import { addCall, delCall } from "./src/ipam-calls.ts";
import { LocalAgent } from "./src/local-agent.ts";
import { NetworkNamespace } from "./src/namespaces.ts";
import { requireSystemPrograms } from "./src/requirements.ts";
import { Run } from "./src/run.ts";
import { createLease, createPool, deleteLease, leasedAddresses, listLeases } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "lab", type: "macvlan", ipam: { type: "cluster-ipam" } };
const FIXED = { ...NETWORK, runtimeConfig: { ips: ["10.70.0.77"] } };
const MINUTE_MS = 60_000;
const TEN_MINUTES_MS = 600_000;

let run: Run;
let controlPlane: ControlPlane;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver"]);
  await requireSystemPrograms();
  run = await Run.open();
  controlPlane = await ControlPlane.start(run, { isGuarded: true, nodes: ["n1", "n2"] });
  await createPool(controlPlane, "lab", { ranges: [{ subnet: "10.70.0.0/24" }] });
});
afterAll(() => run?.close());

function leased(): Promise<readonly string[]> {
  return leasedAddresses(controlPlane);
}

describe("an agent compares its leases with the node's network namespaces:", () => {
  let agent: LocalAgent;
  let count = 0;

  beforeAll(async () => {
    agent = await LocalAgent.start(run, controlPlane, { node: "n1" });
  });
  afterEach(async () => {
    await agent.releaseAll();
    for (const address of await leased()) await deleteLease(controlPlane, address);
    agent.counted.length = 0;
  });

  function namespace(): Promise<NetworkNamespace> {
    count += 1;
    return NetworkNamespace.create(run, `rec${count}`);
  }

  async function add(netns: string, change: Parameters<typeof addCall>[2] = {}): Promise<string> {
    count += 1;
    const [address = ""] = await agent.call(addCall(`pod-${count}`, NETWORK, { netns, ...change }));
    return address;
  }

  /** One more lease, of a namespace that stays. */
  async function addLiving(): Promise<string> {
    return add((await namespace()).path);
  }

  it("a namespace under /run/netns that is deleted takes its lease along, and no other", async () => {
    const doomed = await namespace();
    const [address, living] = [await add(doomed.path), await addLiving()];
    await doomed.delete();
    expect((await agent.reconcile()).suspected).toMatchObject([{ finding: "sandbox-gone", ip: address }]);
    expect(await leased()).toEqual([address, living].toSorted());
    agent.clock.leap(MINUTE_MS);
    await agent.reconcile();
    expect(await leased()).toEqual([living]);
    expect(agent.counted).toEqual(["sandbox-gone"]);
    expect(await listEvents(controlPlane)).toContainEqual(
      expect.objectContaining({
        type: "Normal",
        reason: "StaleLeaseReleased",
        regarding: expect.objectContaining({ kind: "IPLease", name: address }),
        reportingInstance: "n1",
      }),
    );
  });

  it("a mount point that is left as a plain file in a folder of its own is no namespace any more", async () => {
    const folder = join(run.folder, "netns");
    await mkdir(folder);
    const paths = ["doomed", "stays"].map((name) => join(folder, name));
    // As `ip netns` does: what is mounted in the folder is seen by whoever shares it.
    await mustRun(["mount", "--bind", folder, folder]);
    await mustRun(["mount", "--make-shared", folder]);
    run.defer(async () => void (await mustRun(["umount", "--recursive", folder])));
    for (const path of paths) {
      await writeFile(path, "");
      await mustRun(["mount", "--bind", (await namespace()).path, path]);
    }
    const [doomed = "", stays = ""] = paths;
    const [, living] = [await add(doomed), await add(stays)];
    await mustRun(["umount", doomed]);
    await agent.reconcileApart(MINUTE_MS);
    expect(await leased()).toEqual([living]);
  });

  it("a namespace under /proc goes with its process", async ({ skip }) => {
    if ((await readlink("/proc/self/ns/pid")) !== "pid:[4026531836]") skip("not in the machine's own PID namespace");
    const [doomed, stays] = [await sleeper("doomed"), await sleeper("stays")];
    const [, living] = [await add(`/proc/${doomed.pid}/ns/net`), await add(`/proc/${stays.pid}/ns/net`)];
    await doomed.kill();
    await agent.reconcileApart(MINUTE_MS);
    expect(await leased()).toEqual([living]);
    await stays.kill();
  });

  it("another namespace at the same path is another sandbox", async () => {
    const [first, second] = [await namespace(), await namespace()];
    await add(first.path);
    await mustRun(["umount", first.path]);
    await mustRun(["mount", "--bind", second.path, first.path]);
    await agent.reconcileApart(MINUTE_MS);
    expect(await leased()).toEqual([]);
  });

  it("a namespace at another path that got the inode of a deleted one is another sandbox", async () => {
    const [doomed, other] = [await namespace(), await namespace()];
    await createLease(controlPlane, {
      address: "10.70.0.8",
      pool: "lab",
      network: NETWORK.name,
      node: "n1",
      containerID: "of-a-deleted-namespace",
      ifName: "net1",
      sandbox: { netns: doomed.path, inode: await inodeOf(other), bootID: await bootId() },
    });
    await doomed.delete();
    await agent.reconcileApart(MINUTE_MS);
    expect(await leased()).toEqual([]);
    expect(agent.counted).toEqual(["adopted", "sandbox-gone"]);
  });

  it("a lease of another boot is of a sandbox that is gone, whatever is at its path", async () => {
    const living = await namespace();
    await createLease(controlPlane, {
      address: "10.70.0.9",
      pool: "lab",
      network: NETWORK.name,
      node: "n1",
      containerID: "of-an-earlier-boot",
      ifName: "net1",
      sandbox: { netns: living.path, inode: await inodeOf(living), bootID: "00000000-0000-4000-8000-000000000000" },
    });
    await agent.reconcileApart(MINUTE_MS);
    expect(await leased()).toEqual([]);
    expect(agent.counted).toEqual(["adopted", "sandbox-gone"]);
  });

  it("what is retained for its pod, or reserved by hand, is nobody's on a node", async () => {
    const pod = { namespace: "default", name: "kept" };
    const holder = "default/kept/net1";
    const releasedAt = "2026-01-01T00:00:00Z";
    await createLease(controlPlane, {
      address: "10.70.0.10",
      pool: "lab",
      pod,
      ifName: "net1",
      holder,
      releasedAt,
    });
    await createLease(controlPlane, { address: "10.70.0.11", reserved: { reason: "a printer" } });
    await agent.reconcileApart(TEN_MINUTES_MS);
    expect(await leased()).toEqual(["10.70.0.10", "10.70.0.11"]);
  });

  describe("where it cannot see the namespace, the pod decides:", () => {
    const unseen = "/run/netns-of-elsewhere/cni-1";

    async function podOf(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<Pod> {
      return createPod(controlPlane, "n1", { namespace: "default", name }, { annotations });
    }

    async function decided(): Promise<readonly string[]> {
      await agent.reconcileApart(TEN_MINUTES_MS - MINUTE_MS);
      const before = await leased();
      agent.clock.leap(MINUTE_MS);
      await agent.reconcile();
      expect(before.length).toBeGreaterThanOrEqual((await leased()).length);
      return leased();
    }

    it("a pod that is there keeps its lease, one that is deleted loses it after two looks ten minutes apart", async () => {
      const [stays, doomed] = [await podOf("stays"), await podOf("doomed")];
      const [living, address] = [await add(unseen, { pod: stays }), await add(unseen, { pod: doomed })];
      await deletePod(controlPlane, doomed);
      await agent.reconcileApart(TEN_MINUTES_MS - MINUTE_MS);
      expect(await leased()).toEqual([address, living].toSorted());
      agent.clock.leap(MINUTE_MS);
      await agent.reconcile();
      expect(await leased()).toEqual([living]);
      expect(agent.counted).toEqual(["pod-gone"]);
    });

    it("a static pod is known by the hash that its mirror bears", async () => {
      const hash = "0123456789abcdef0123456789abcdef";
      const mirror = await podOf("static-n1", {
        "kubernetes.io/config.hash": hash,
        "kubernetes.io/config.mirror": hash,
      });
      const address = await add(unseen, { pod: { ...mirror, uid: hash } });
      expect(await decided()).toEqual([address]);
      await deletePod(controlPlane, mirror);
      await podOf("static-n1", { "kubernetes.io/config.hash": "ffff", "kubernetes.io/config.mirror": "ffff" });
      expect(await decided()).toEqual([]);
    });

    it("a pod without a uid in CNI_ARGS is there as long as one of its name is", async () => {
      const pod = await podOf("nameless");
      const address = await add(unseen, { pod: { ...pod, uid: "" } });
      expect(await decided()).toEqual([address]);
      await deletePod(controlPlane, pod);
      expect(await decided()).toEqual([]);
    });

    it("a pod that a StatefulSet makes again under the same name is another one", async () => {
      const old = await podOf("web-0");
      await add(unseen, { pod: old });
      await deletePod(controlPlane, old);
      const fresh = await podOf("web-0");
      expect(fresh.uid).not.toBe(old.uid);
      const kept = await add(unseen, { pod: fresh });
      expect(await decided()).toEqual([kept]);
    });

    it("a lease without any pod stays", async () => {
      const address = await add(unseen, { pod: undefined });
      expect(await decided()).toEqual([address]);
    });
  });

  describe("a lease that was deleted by hand under a living pod", () => {
    it("is created again, told as an event, and goes with the pod's DEL", async () => {
      const call = addCall("robbed", NETWORK, { netns: (await namespace()).path });
      const [address = ""] = await agent.call(call);
      await deleteLease(controlPlane, address);
      await agent.reconcile();
      expect(await leased()).toEqual([address]);
      expect(agent.counted).toEqual(["recreated"]);
      expect((await listEvents(controlPlane)).at(-1)).toMatchObject({
        type: "Warning",
        reason: "LeaseRecreated",
        regarding: { kind: "IPLease", name: address },
      });
      await agent.call(delCall(call));
      expect(await leased()).toEqual([]);
    });

    it("is left to whoever has it by then, with an event on lease and pod", async () => {
      const pod = await createPod(controlPlane, "n1", { namespace: "default", name: "robbed" });
      const [address = ""] = await agent.call(addCall("robbed", FIXED, { netns: (await namespace()).path, pod }));
      await deleteLease(controlPlane, address);
      const thief = { namespace: "default", name: "thief", uid: randomUUID() };
      const holder = "default/thief/net1";
      const its = { network: "lab", node: "n9", containerID: "thief", ifName: "net1", pod: thief, holder };
      await createLease(controlPlane, { address, pool: "lab", ...its });
      const report = await agent.reconcileApart(MINUTE_MS);
      expect(report.done).toMatchObject([{ finding: "duplicate-holder", ip: address, pod: "default/robbed" }]);
      expect((await listLeases(controlPlane)).find(({ spec }) => spec.address === address)?.spec.node).toBe("n9");
      const told = (await listEvents(controlPlane)).filter(({ reason }) => reason === "DuplicateHolder");
      expect(told.map(({ type, regarding }) => [type, regarding.kind, regarding.name])).toEqual([
        ["Warning", "IPLease", address],
        ["Warning", "Pod", "robbed"],
      ]);
      expect(told[0]?.note).toContain("pod default/thief (interface net1) on node n9");
    });
  });

  it.each([
    ["dry-run", ["dry run: sandbox-gone", "dry run: recreated"]],
    ["off", []],
  ] as const)("--reconcile=%s changes nothing on the server", async (mode, counted) => {
    const passive = await LocalAgent.start(run, controlPlane, { node: "n2", mode });
    const doomed = await namespace();
    const [stale = "", lost = ""] = await Promise.all([
      passive.call(addCall(`stale-${mode}`, NETWORK, { netns: doomed.path })),
      passive.call(addCall(`lost-${mode}`, NETWORK, { netns: (await namespace()).path })),
    ]).then((all) => all.flat());
    await doomed.delete();
    await deleteLease(controlPlane, lost);
    if (mode === "off") await expect(passive.reconcile()).rejects.toThrow("--reconcile=off");
    else await passive.reconcileApart(MINUTE_MS);
    passive.clock.leap(MINUTE_MS);
    expect(await leased()).toEqual([stale]);
    expect(new Set(passive.counted)).toEqual(new Set(counted));
    await passive.releaseAll();
  });

  it("while nothing looks wrong it asks the server for nothing", async () => {
    const living = await addLiving();
    // The list that follows the start of an agent after two minutes, and pools in use, are behind.
    agent.clock.leap(60 * MINUTE_MS);
    await agent.reconcile();
    agent.requests.length = 0;
    for (let hour = 0; hour < 2; hour += 1) {
      agent.clock.leap(60 * MINUTE_MS);
      await delay(250);
    }
    expect(agent.requests.filter((request) => !request.includes("/ippools"))).toEqual([]);
    expect(await leased()).toEqual([living]);
  });
});

async function sleeper(name: string): Promise<Daemon> {
  const logPath = join(run.folder, `${name}.log`);
  const argv = ["unshare", "--net", "sleep", "600"];
  const daemon = await Daemon.start(run, name, { argv, env: { PATH: SEARCH_PATH }, logPath });
  const own = await mustRun(["readlink", "/proc/self/ns/net"]);
  const hasEntered = async (): Promise<true | undefined> => {
    const seen = await mustRun(["readlink", `/proc/${daemon.pid}/ns/net`]);
    return seen === own ? undefined : true;
  };
  await waitFor(hasEntered, { what: `${name} to have a network namespace`, timeoutMs: 10_000 });
  return daemon;
}

async function inodeOf(namespace: NetworkNamespace): Promise<string> {
  return (await mustRun(["stat", "--format=%i", namespace.path])).trim();
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
