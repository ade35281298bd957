import { FAMILIES } from "@cluster-ipam/allocator/testing";
import type { IPLeaseSpec } from "@cluster-ipam/api";
import { beforeEach, describe, expect, test } from "vitest";
import { never } from "../testing/agent-world.ts";
import { watchedPool } from "../testing/objects.ts";
import { ReconcilingNode } from "../testing/reconciling-node.ts";
import { SANDBOX_PATIENCE_MS } from "./gone-sandboxes.ts";

const FOR = { reason: "license server", for: { namespace: "shop", name: "web-0" } } as const;
const UNATTACHED = { node: "", containerID: "" } as const;

describe.each(FAMILIES)("of $family", ({ network }) => {
  let node: ReconcilingNode;

  beforeEach(async () => {
    node = new ReconcilingNode();
    node.world.pools.put(watchedPool("lan", [network.subnet], { retain: { policy: "Always", seconds: 600 } }));
    await node.world.load();
  });

  /** A hand, or a backup, writes `spec` in place of what the attachment has. */
  async function overwrite(address: string, change: (spec: IPLeaseSpec) => IPLeaseSpec): Promise<void> {
    const lease = node.lease(address);
    const outcome = await node.world.leases.replace({ ...lease, spec: change(lease.spec) });
    expect(outcome.kind).toBe("replaced");
  }

  describe("an attachment whose sandbox is gone", () => {
    test("leaves its address kept, where its pool retains", async () => {
      const address = await node.world.addOne();
      node.world.sandboxes.end("/run/netns/c1");
      const { done } = await node.roundsApart(SANDBOX_PATIENCE_MS);
      expect(done).toMatchObject([{ finding: "sandbox-gone", ip: address }]);
      expect(node.lease(address).spec).toMatchObject({ ...UNATTACHED, keepSeconds: 600, holder: "shop/web-0/net1" });
    });

    test("leaves its address reserved, where that is reserved for its pod", async () => {
      const address = await node.world.addOne();
      await overwrite(address, (spec) => ({ ...spec, reserved: FOR }));
      node.world.sandboxes.end("/run/netns/c1");
      await node.roundsApart(SANDBOX_PATIENCE_MS);
      expect(node.lease(address).spec).toMatchObject({ ...UNATTACHED, reserved: FOR, holder: "" });
      expect(node.lease(address).spec).not.toHaveProperty("keepSeconds");
    });

    test("leaves alone what has been kept meanwhile", async () => {
      const address = await node.world.addOne();
      node.world.sandboxes.end("/run/netns/c1");
      await overwrite(address, unattached);
      const before = node.lease(address);
      await node.roundsApart(SANDBOX_PATIENCE_MS);
      expect(node.lease(address)).toEqual(before);
    });
  });

  describe("an attachment that lives", () => {
    test("has its lease again without the reservation that somebody deleted under it", async () => {
      const address = await node.world.addOne();
      await overwrite(address, (spec) => ({ ...spec, reserved: FOR }));
      await node.round();
      await node.deleteByHand(address);
      const { done } = await node.round();
      expect(done).toMatchObject([{ finding: "recreated", ip: address }]);
      expect(node.lease(address).spec).toMatchObject({ node: "n1", containerID: "c1" });
      expect(node.lease(address).spec).not.toHaveProperty("reserved");
    });

    test.for([
      ["kept for its pod", unattached, undefined],
      [
        "reserved for its pod",
        ({ address, prefixLength, addressSpace, pool }: IPLeaseSpec): IPLeaseSpec =>
          nobody({ address, prefixLength, addressSpace, pool }),
        FOR,
      ],
    ] as const)(
      "takes back an address that a restored backup says is %s, by a write at the version that was read",
      async ([, change, reserved]) => {
        const address = await node.world.addOne();
        const { name } = node.lease(address).metadata;
        await overwrite(address, change);
        node.takeCalls();
        const { done } = await node.round();
        expect(done).toMatchObject([{ finding: "recreated", ip: address }]);
        expect(node.takeCalls().filter((call) => !call.startsWith("list"))).toEqual([`get ${name}`, `replace ${name}`]);
        expect(node.lease(address).spec).toMatchObject({
          node: "n1",
          containerID: "c1",
          ...(reserved && { reserved }),
        });
        expect(node.lease(address).spec).not.toHaveProperty("releasedAt");
        const ips = [{ address: `${address}/${network.prefixLength}` }];
        await node.world.check({ config: { prevResult: { cniVersion: "1.1.0", ips } } });
      },
    );

    test("only says so in a dry run", async () => {
      const address = await node.world.addOne();
      await overwrite(address, unattached);
      const before = node.lease(address);
      const report = await node.anotherReconciler("dry-run").reconcile(never());
      expect(report.done).toMatchObject([{ finding: "recreated" }]);
      expect(node.lease(address)).toEqual(before);
    });

    test("tells of an address that is kept for another pod, and leaves it", async () => {
      const address = await node.world.addOne();
      await overwrite(address, (spec) => ({
        ...unattached(spec),
        pod: { namespace: "shop", name: "db-0" },
        holder: "shop/db-0/net1",
      }));
      const before = node.lease(address);
      const { done } = await node.round();
      expect(done).toMatchObject([{ finding: "duplicate-holder" }]);
      expect(node.events.map(({ note }) => note).join()).toContain("kept for pod shop/db-0 (interface net1)");
      expect(node.lease(address)).toEqual(before);
    });
  });
});

function unattached({ sandbox: _sandbox, addedAt: _addedAt, ...spec }: IPLeaseSpec): IPLeaseSpec {
  return { ...spec, ...UNATTACHED, releasedAt: "2026-01-01T00:00:00Z", keepSeconds: 600 };
}

function nobody(spec: Pick<IPLeaseSpec, "address" | "prefixLength" | "addressSpace" | "pool">): IPLeaseSpec {
  return { ...spec, ...UNATTACHED, network: "", ifName: "", holder: "", reserved: FOR };
}
