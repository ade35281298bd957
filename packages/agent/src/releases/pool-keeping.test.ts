import type { PodIdentity } from "@cluster-ipam/allocator";
import { FAMILIES } from "@cluster-ipam/allocator/testing";
import type { IPPoolSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { refreshUntil } from "../server-facts/refreshed-read.ts";
import { never } from "../testing/agent-world.ts";
import { KeepingCluster } from "../testing/keeping-cluster.ts";
import type { MemoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const STATEFUL: Partial<IPPoolSpec> = { retain: { policy: "StatefulSet", seconds: 600 }, coolDownSeconds: 30 };
const POD = { namespace: "shop", name: "web-0", uid: "uid-web-0" } as const;
const UNREACHABLE = new IpamError("apiserver-unreachable", "no answer");
const REFUSED = new IpamError("apiserver-refused", "may not get pods");

describe.each(FAMILIES)("of $family", ({ network }) => {
  let cluster: KeepingCluster;
  let world: MemoryWorld;

  beforeEach(async () => {
    cluster = new KeepingCluster(network);
    world = await cluster.startAgent();
  });

  function keepSeconds(spec: Parameters<typeof leaseOf>[1] = {}): Promise<number | undefined> {
    return world.agent.allocator.keeping.keepSeconds(leaseOf(network.at(5), spec), never());
  }

  test.for<readonly [string, Partial<PodIdentity> | undefined, number]>([
    ["of a StatefulSet", { controllerKind: "StatefulSet" }, 600],
    ["that asks for it by its annotation", { annotations: { "cluster-ipam.io/retain": "true" } }, 600],
    ["of a Deployment", { controllerKind: "ReplicaSet" }, 30],
    ["of nobody", {}, 30],
    ["that is gone and has a StatefulSet's name", undefined, 600],
    ["in whose place another one of that name is by now", { uid: "another", controllerKind: "ReplicaSet" }, 600],
    [
      "that is known by the hash of its file",
      { uid: "mirror", annotations: { "kubernetes.io/config.hash": POD.uid } },
      30,
    ],
  ])("policy StatefulSet keeps the address of a pod %s for %3$d s, by one read", async ([, pod, expected]) => {
    cluster.putPool(STATEFUL);
    if (pod !== undefined) cluster.pods.put({ ...POD, ...pod });
    expect(await keepSeconds()).toBe(expected);
    expect(cluster.pods.calls).toEqual(["get shop/web-0"]);
  });

  test("a pod that is gone and named otherwise only cools down", async () => {
    cluster.putPool(STATEFUL);
    const name = "web-7c5ddbdf54-x8k2p";
    expect(await keepSeconds({ pod: { ...POD, name }, holder: `shop/${name}/net1` })).toBe(30);
  });

  test.for<readonly [string, Partial<IPPoolSpec>, Parameters<typeof leaseOf>[1], number | undefined]>([
    ["policy Always", { retain: { policy: "Always", seconds: 600 } }, {}, 600],
    [
      "policy Always, for no less than the cool-down",
      { retain: { policy: "Always", seconds: 10 }, coolDownSeconds: 30 },
      {},
      30,
    ],
    ["a cool-down", { coolDownSeconds: 30 }, {}, 30],
    ["policy None", { retain: { policy: "None" } }, {}, undefined],
    ["an address without a pool", STATEFUL, { pool: "" }, undefined],
    ["another pool than the lease's", STATEFUL, { pool: "gone" }, undefined],
  ])("%s reads no pod", async ([, pool, lease, expected]) => {
    cluster.putPool(pool);
    expect(await keepSeconds(lease)).toBe(expected);
    expect(cluster.pods.calls).toEqual([]);
  });

  test("a lease without a pod can only cool down", async () => {
    cluster.putPool({ ...STATEFUL, retain: { policy: "Always", seconds: 600 } });
    const { pod: _, ...spec } = leaseOf(network.at(5), { holder: "" }).spec;
    const lease = { ...leaseOf(network.at(5)), spec };
    expect(await world.agent.allocator.keeping.keepSeconds(lease, never())).toBe(30);
  });

  test("a pool that no controller has looked at keeps nothing", async () => {
    cluster.pools.put(poolOf("lan", [network.subnet], STATEFUL));
    expect(await keepSeconds()).toBeUndefined();
  });

  test("a pod that cannot be read now decides later", async () => {
    cluster.putPool(STATEFUL);
    cluster.pods.failure = UNREACHABLE;
    await expect(keepSeconds()).rejects.toBe(UNREACHABLE);
  });

  test("a pod that the agent may not read is decided about by its name, and the log is told", async () => {
    cluster.putPool(STATEFUL);
    cluster.pods.failure = REFUSED;
    expect(await keepSeconds()).toBe(600);
    expect(await keepSeconds({ pod: { ...POD, name: "web" }, holder: "shop/web/net1" })).toBe(30);
    expect(world.lines.with("pod cannot be read: its name decides whether its address is kept")).toHaveLength(2);
  });

  test("a pool that cannot be read now decides later, one that cannot be used keeps nothing", async () => {
    const reasons = { away: new AbortController() };
    cluster.pools.faults.failReads("get", { kind: "unanswered" });
    const asked = world.agent.allocator.keeping.keepSeconds(leaseOf(network.at(5)), reasons.away.signal);
    reasons.away.abort(UNREACHABLE);
    await expect(asked).rejects.toMatchObject({ code: "apiserver-unreachable" });

    cluster.pools.faults.failReads("get", {
      kind: "refused",
      error: new IpamError("bad-config", "pool lan cannot be used"),
    });
    expect(await keepSeconds()).toBeUndefined();
    const told = "pool cannot be read: its addresses are free as soon as they are given back";
    expect(world.lines.with(told)).toHaveLength(1);
  });

  test("a release does not keep its pool in use: it is read once, and not refreshed", async () => {
    cluster.putPool(STATEFUL);
    await Promise.all([keepSeconds(), keepSeconds(), keepSeconds()]);
    await keepSeconds();
    const ended = new AbortController();
    const refreshing = refreshUntil([world.agent.pools], world.clock, ended.signal);
    await cluster.clock.advance(20_000);
    ended.abort();
    await refreshing;
    expect(cluster.pools.faults.calls.map(({ operation }) => operation)).toEqual(["get"]);
  });

  test("a release that is cut short while another one reads the pool decides later, whatever cut it short", async () => {
    cluster.putPool({ retain: { policy: "Always", seconds: 600 } });
    const held = Promise.withResolvers<void>();
    cluster.pools.faults.failReads("get", { kind: "held", until: held.promise });
    const first = keepSeconds();
    const ending = new AbortController();
    const second = world.agent.allocator.keeping.keepSeconds(leaseOf(network.at(6)), ending.signal);
    const shutDown = new IpamError("agent-not-ready", "the agent is shutting down");
    ending.abort(shutDown);
    await expect(second).rejects.toBe(shutDown);
    held.resolve();
    expect(await first).toBe(600);
  });
});
