import { FAMILIES, IPV4, IPV6 } from "@cluster-ipam/allocator/testing";
import type { IPPoolSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { never } from "../testing/agent-world.ts";
import { successor } from "../testing/cni-calls.ts";
import { KeepingCluster } from "../testing/keeping-cluster.ts";
import type { MemoryWorld } from "../testing/memory-world.ts";
import { watchedPool } from "../testing/objects.ts";

const RETAIN = { retain: { policy: "Always", seconds: 600 } } as const;
const OF_BOTH_POOLS = { ipam: { pools: ["lan", "wan"] } } as const;
const REFUSED = new IpamError("apiserver-refused", "no more leases");

describe.each(FAMILIES)("of $family", ({ network, other }) => {
  let cluster: KeepingCluster;
  let n1: MemoryWorld;
  let n2: MemoryWorld;

  beforeEach(async () => {
    cluster = new KeepingCluster(network);
    cluster.putPool(RETAIN);
    [n1, n2] = [await cluster.startAgent("n1"), await cluster.startAgent("n2")];
  });

  describe("a release that keeps the address", () => {
    test("whose answer was lost is found done, and leaves whoever took the address over", async () => {
      const address = await n1.addOne();
      cluster.leases.faults.failWrites("replace", { kind: "answer-lost" });
      await n1.del();
      expect(n1.spool.names).toHaveLength(1);
      expect(await n2.addOne(successor())).toBe(address);
      await settlePending(never(), n1.agent);
      n1.agent.spooled.settle();
      expect(cluster.onlyLease()).toMatchObject({ address, node: "n2" });
      expect(n1.spool.names).toEqual([]);
    });

    test("that was lost is made by the next round", async () => {
      await n1.add();
      cluster.leases.faults.failWrites("replace", { kind: "lost" });
      await n1.del();
      expect(cluster.onlyLease()).toMatchObject({ node: "n1" });
      await settlePending(never(), n1.agent);
      expect(cluster.onlyLease()).toMatchObject({ node: "", keepSeconds: 600 });
    });

    test("that meets a lease that was changed by hand reads it and keeps it all the same", async () => {
      await n1.add();
      const [lease] = cluster.leases.snapshot();
      if (lease === undefined) throw new Error("there is no lease");
      await cluster.leases.replace({ ...lease, metadata: { ...lease.metadata, labels: { owner: "me" } } });
      await n1.del();
      expect(cluster.onlyLease()).toMatchObject({ node: "", keepSeconds: 600 });
      expect(cluster.leases.snapshot()[0]?.metadata.labels).toEqual({ owner: "me" });
    });

    test("while the API server is away is spooled, and made by the next agent as the pool says then", async () => {
      await n1.add();
      n1.circuit.open();
      await n1.del();
      expect(cluster.onlyLease()).toMatchObject({ node: "n1" });
      const fresh = await cluster.startAgent("n1", n1.spool);
      fresh.agent.spooled.look();
      await settlePending(never(), fresh.agent);
      expect(cluster.onlyLease()).toMatchObject({ node: "", containerID: "", keepSeconds: 600 });
    });

    test("by GC keeps it, too", async () => {
      await n1.add();
      n1.sandboxes.end("/run/netns/c1");
      await n1.gc({ config: { "cni.dev/valid-attachments": [] } });
      expect(cluster.onlyLease()).toMatchObject({ node: "", keepSeconds: 600 });
    });
  });

  describe("an ADD that fails", () => {
    function putSecondPool(spec: Partial<IPPoolSpec>): void {
      cluster.pools.put(watchedPool("wan", [other.subnet], spec));
    }

    test("keeps nothing of what was new", async () => {
      putSecondPool({ ...RETAIN, coolDownSeconds: 30 });
      cluster.leases.faults.failWrites(
        "create",
        { kind: "held", until: Promise.resolve() },
        { kind: "refused", error: REFUSED },
      );
      await expect(n1.add(OF_BOTH_POOLS)).rejects.toMatchObject({ code: "apiserver-refused" });
      expect(cluster.leases.snapshot()).toEqual([]);
      expect(cluster.takeCalls()).toEqual(["listByHolder", "create", "create", "delete"]);
    });

    test("leaves what it had taken over kept as it was", async () => {
      await n1.add();
      await n1.del();
      const before = cluster.onlyLease();
      await cluster.clock.advance(30_000);
      putSecondPool(RETAIN);
      cluster.leases.faults.failWrites("create", { kind: "refused", error: REFUSED });
      await expect(n2.add(successor(OF_BOTH_POOLS))).rejects.toMatchObject({ code: "apiserver-refused" });
      expect(cluster.onlyLease()).toEqual(before);
    });

    test("and whose undo was lost leaves it kept as it was by the next round", async () => {
      await n1.add();
      await n1.del();
      const before = cluster.onlyLease();
      putSecondPool(RETAIN);
      await cluster.clock.advance(11_000);
      cluster.leases.faults.failWrites("create", { kind: "refused", error: REFUSED });
      cluster.leases.faults.failWrites("replace", { kind: "held", until: Promise.resolve() }, { kind: "lost" });
      await expect(n2.add(successor(OF_BOTH_POOLS))).rejects.toMatchObject({ code: "apiserver-refused" });
      expect(cluster.onlyLease()).toMatchObject({ node: "n2" });
      await settlePending(never(), n2.agent);
      expect(cluster.onlyLease()).toEqual(before);
    });
  });
});

describe("a pod of both families", () => {
  let cluster: KeepingCluster;
  let n1: MemoryWorld;
  let n2: MemoryWorld;

  beforeEach(async () => {
    cluster = new KeepingCluster();
    cluster.putPool(RETAIN, [IPV4.network.subnet, IPV6.network.subnet]);
    [n1, n2] = [await cluster.startAgent("n1"), await cluster.startAgent("n2")];
  });

  test("has both of its addresses again on another node, by one list and two writes", async () => {
    const { ips } = await n1.add();
    await n1.del();
    cluster.takeCalls();
    expect((await n2.add(successor())).ips).toEqual(ips);
    expect(cluster.takeCalls()).toEqual(["listByHolder", "replace", "replace"]);
  });

  test("that cannot have both leaves both kept as they were", async () => {
    await n1.add();
    await n1.del();
    const before = cluster.leases.snapshot().map(({ spec }) => spec);
    const done = { kind: "held", until: Promise.resolve() } as const;
    cluster.leases.faults.failWrites("replace", done, { kind: "refused", error: REFUSED });
    await expect(n2.add(successor())).rejects.toMatchObject({ code: "apiserver-refused" });
    expect(cluster.leases.snapshot().map(({ spec }) => spec)).toEqual(before);
  });
});
