import { describe, expect, it } from "vitest";
import type { ObjectList } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import { deployment } from "../src/workloads.ts";

interface Node {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDR: string };
}

/** S8: the nodes' own network, a bridge with addresses of the node's podCIDR. */
export function nodeNetworks(suite: Suite): void {
  describe("S8: the nodes' own networks", () => {
    it("give each pod an address of its node's podCIDR, and reach the API server", async () => {
      const namespace = await suite.namespace("s8");
      await namespace.apply(deployment({ name: "web", replicas: 6, isSpread: true }));
      const pods = await namespace.running("web", 6);
      const { items } = await suite.cluster.kubectl.get<ObjectList<Node>>("nodes");
      const prefixes = new Map(items.map(({ metadata, spec }) => [metadata.name, spec.podCIDR.replace(/0\/24$/, "")]));
      expect(prefixes.size).toBe(3);
      for (const { spec, status } of pods) {
        expect(status.podIP?.startsWith(prefixes.get(spec.nodeName ?? "") ?? "no node")).toBe(true);
      }
      expect(new Set(pods.map(({ status }) => status.podIP)).size).toBe(6);
      const { hostname } = new URL(suite.cluster.controlPlane.server.url);
      await namespace.kubectl("exec", pods[0]?.metadata.name ?? "", "--", "ping", "-c", "3", "-W", "5", hostname);
      await namespace.clear();
    });
  });
}
