import { FAMILIES } from "@cluster-ipam/allocator/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { successor } from "../testing/cni-calls.ts";
import { KeepingCluster } from "../testing/keeping-cluster.ts";
import type { MemoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

const RETAIN = { retain: { policy: "Always", seconds: 600 } } as const;
const OTHER_POD = { namespace: "shop", name: "db-0", uid: "uid-db-0" };

describe.each(FAMILIES)("of $family", ({ network, other }) => {
  let cluster: KeepingCluster;
  let n1: MemoryWorld;
  let n2: MemoryWorld;

  beforeEach(async () => {
    cluster = new KeepingCluster(network);
    cluster.putPool(RETAIN);
    [n1, n2] = [await cluster.startAgent("n1"), await cluster.startAgent("n2")];
  });

  describe("an address that its pool retains", () => {
    test("costs the first ADD a list and a POST, the DEL a PUT, and the next pod of that name a list and a PUT", async () => {
      const address = await n1.addOne();
      expect(cluster.takeCalls()).toEqual(["listByHolder", "create"]);
      await n1.del();
      expect(cluster.takeCalls()).toEqual(["replace"]);
      expect(await n2.addOne(successor())).toBe(address);
      expect(cluster.takeCalls()).toEqual(["listByHolder", "replace"]);
      expect(cluster.pods.calls).toEqual([]);
    });

    test("is of nobody and on no node, and says for whom, since when and how long it is kept", async () => {
      const address = await n1.addOne();
      await n1.del();
      expect(cluster.onlyLease()).toEqual({
        address,
        prefixLength: network.prefixLength,
        pool: "lan",
        addressSpace: "",
        network: "lan",
        node: "",
        containerID: "",
        ifName: "net1",
        pod: { namespace: "shop", name: "web-0", uid: "uid-web-0" },
        holder: "shop/web-0/net1",
        releasedAt: "2026-01-01T00:00:00.000Z",
        keepSeconds: 600,
      });
    });

    test("is kept over a second pod's life as well, from its release on", async () => {
      const address = await n1.addOne();
      await n1.del();
      await n2.add(successor());
      await cluster.clock.advance(60_000);
      await n2.del({ containerId: "c2" });
      expect(cluster.onlyLease()).toMatchObject({ address, releasedAt: "2026-01-01T00:01:00.000Z" });
      expect(await n1.addOne(successor({ containerId: "c3" }))).toBe(address);
    });

    test("goes to no other pod while it is kept, and to any once the controller has ended that", async () => {
      cluster.putPool(RETAIN, [network.part(2)]);
      await n1.add();
      await n1.del();
      await n2.add({ containerId: "c8", pod: { namespace: "shop", name: "first", uid: "uid-first" } });
      const refused = n2.add({ containerId: "c9", pod: OTHER_POD });
      await expect(refused).rejects.toMatchObject({ code: "pool-exhausted" });
      expect(cluster.leases.snapshot().filter(({ spec }) => spec.releasedAt !== undefined)).toHaveLength(1);

      await cluster.ender.look();
      await cluster.clock.advance(600_000);
      expect(await cluster.ender.look()).toHaveLength(1);
      expect(await n2.add({ containerId: "c9", pod: OTHER_POD })).toMatchObject({ ips: [{}] });
    });

    test("is refused to another pod that asks for it, with whom it is kept for and the way out", async () => {
      const address = await n1.addOne();
      const name = cluster.leases.snapshot()[0]?.metadata.name;
      await n1.del();
      const asking = n2.add({ containerId: "c9", pod: OTHER_POD, config: { runtimeConfig: { ips: [address] } } });
      await expect(asking).rejects.toMatchObject({
        code: "address-taken",
        message:
          `address ${address} is held by nobody, but kept for pod shop/web-0 (interface net1) since ` +
          `2026-01-01T00:00:00.000Z: kubectl delete iplease ${name} frees it`,
      });
    });

    test("goes to its own pod when that asks for it, without a list", async () => {
      const address = await n1.addOne();
      await n1.del();
      cluster.takeCalls();
      const config = { runtimeConfig: { ips: [address] } };
      expect(await n2.addOne(successor({ config }))).toBe(address);
      expect(cluster.takeCalls()).toEqual(["create", "get", "replace"]);
    });

    test("is not what another interface of the pod gets", async () => {
      const address = await n1.addOne();
      await n1.del();
      expect(await n2.addOne(successor({ ifName: "net2" }))).not.toBe(address);
    });

    test("is left kept where the pool does not hand it out any more, and the pod gets one of today's", async () => {
      const address = await n1.addOne();
      await n1.del();
      cluster.putPool(RETAIN, [other.subnet]);
      await cluster.clock.advance(11_000);
      expect(other.has(await n2.addOne(successor()))).toBe(true);
      expect(cluster.leases.snapshot().map(({ spec }) => [spec.address, spec.node])).toContainEqual([address, ""]);
    });

    test("goes to one of two agents that take it at once, and the other pod has another address", async () => {
      const address = await n1.addOne();
      await n1.del();
      const both = await Promise.all([n1.addOne(successor()), n2.addOne(successor({ containerId: "c3" }))]);
      expect(both.filter((one) => one === address)).toHaveLength(1);
      expect(new Set(both).size).toBe(2);
    });

    test("stays with its new holder whatever comes late of the old one: a DEL again, and one by a new agent", async () => {
      const address = await n1.addOne();
      await n1.del();
      await n2.add(successor());
      await n1.del({ startedAtNs: 3_000n });
      const fresh = await cluster.startAgent("n1");
      await fresh.del({ startedAtNs: 3_001n });
      await fresh.gc({ config: { "cni.dev/valid-attachments": [] } });
      expect(cluster.onlyLease()).toMatchObject({ address, node: "n2", containerID: "c2" });
    });

    test("is deleted where the pool is gone", async () => {
      await n1.add();
      cluster.pools.remove("lan");
      await cluster.clock.advance(11_000);
      await n1.del();
      expect(cluster.leases.snapshot()).toEqual([]);
    });

    test("is deleted where the pool keeps nothing any more", async () => {
      await n1.add();
      cluster.putPool({});
      await cluster.clock.advance(11_000);
      await n1.del();
      expect(cluster.leases.snapshot()).toEqual([]);
    });
  });

  describe("a pool that keeps addresses while no controller has looked at it", () => {
    test("is refused for an ADD with the field, and a DEL deletes: nobody would end the time", async () => {
      await n1.add();
      cluster.pools.put(poolOf("lan", [network.subnet], RETAIN));
      await cluster.clock.advance(11_000);
      const adding = n1.add({ containerId: "c9", pod: OTHER_POD });
      await expect(adding).rejects.toMatchObject({
        code: "bad-config",
        message: expect.stringContaining("spec.retain"),
      });
      await n1.del();
      expect(cluster.leases.snapshot()).toEqual([]);
    });
  });

  test("a repeated ADD answers what was taken over, and the lease stays attached", async () => {
    const address = await n1.addOne();
    await n1.del();
    await n2.add(successor());
    expect(await n2.addOne(successor())).toBe(address);
    expect(cluster.onlyLease()).toMatchObject({ node: "n2", containerID: "c2" });
  });

  test("a pod that was made again on its node, after a sandbox that died without DEL, has its address at once", async () => {
    const address = await n1.addOne();
    n1.sandboxes.end("/run/netns/c1");
    expect(await n1.addOne(successor())).toBe(address);
    await n1.del();
    expect(cluster.onlyLease()).toMatchObject({ containerID: "c2" });
  });

  test("another pod does not have it at once: it is kept when its sandbox is found gone", async () => {
    cluster.putPool(RETAIN, [network.part(2)]);
    await cluster.clock.advance(11_000);
    const config = { runtimeConfig: { ips: [network.at(1)] } };
    await n1.add({ config });
    n1.sandboxes.end("/run/netns/c1");
    const asking = n1.add({ containerId: "c9", pod: OTHER_POD, config });
    await expect(asking).rejects.toMatchObject({ code: "address-taken" });
    expect(cluster.onlyLease()).toMatchObject({ containerID: "c1" });
  });
});
