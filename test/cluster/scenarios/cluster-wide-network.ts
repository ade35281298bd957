import { describe, expect, it } from "vitest";
import { addressesOf } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import { deployment } from "../src/workloads.ts";

/** S1: one macvlan network for the whole cluster, with nothing but the type of its ipam section changed. */
export function clusterWideNetwork(suite: Suite): void {
  describe("S1: one network for the pods of every node", () => {
    it("with host-local pods on three nodes get one address", async () => {
      const namespace = await suite.namespace("s1-files");
      await namespace.apply(deployment({ name: "web", network: "files", replicas: 3, isSpread: true }));
      const pods = await namespace.running("web", 3);
      expect(pods.map(({ status }) => status.podIP)).toEqual(["172.16.1.200", "172.16.1.200", "172.16.1.200"]);
      await namespace.clear();
    });

    it("with cluster-ipam each has its own, reaches every other, and is named by its lease", async () => {
      const namespace = await suite.namespace("s1");
      await namespace.apply(deployment({ name: "web", network: "lan", replicas: 3, isSpread: true }));
      const pods = await namespace.running("web", 3);
      expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(3);
      expect(new Set(pods.flatMap(addressesOf)).size).toBe(3);
      expect(await namespace.unreachable(pods)).toEqual([]);
      const holders = (await namespace.leases()).map(({ spec: { address, node, pod } }) => ({
        address,
        node,
        pod: pod?.name,
      }));
      const expected = pods.map(({ metadata, spec, status }) => {
        return { address: status.podIP, node: spec.nodeName, pod: metadata.name };
      });
      expect(new Set(holders)).toEqual(new Set(expected));
      await namespace.scale("deployment", "web", 0);
      await namespace.untilLeases(0);
    });
  });
}
