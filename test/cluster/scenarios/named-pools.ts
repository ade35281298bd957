import { describe, expect, it } from "vitest";
import type { Suite } from "../src/suite.ts";
import { deployment, pool } from "../src/workloads.ts";

/** S2: an ipam section that has nothing but its type. */
export function namedPools(suite: Suite): void {
  describe("S2: addresses come from a pool", () => {
    it("without a pool the pod's event says how to make one, and the pod starts by itself once it is there", async () => {
      const namespace = await suite.namespace("s2");
      await namespace.apply(deployment({ name: "web", network: "bare", replicas: 2 }));
      const text = await namespace.event("web", /no pool for network/);
      expect(text).toContain('create an IPPool named "bare"');
      await namespace.apply(pool("bare", { ranges: [{ subnet: "172.16.2.0/24" }] }));
      const pods = await namespace.running("web", 2);
      for (const { status } of pods) expect(status.podIP).toMatch(/^172\.16\.2\./);
      expect(new Set((await namespace.leases()).map(({ spec }) => spec.pool))).toEqual(new Set(["bare"]));
      await namespace.clear();
    });

    it("a network without a pool of its name takes the default pool", async () => {
      const namespace = await suite.namespace("s2-default");
      const everybody = pool("everybody", { ranges: [{ subnet: "172.16.12.0/24" }] });
      const annotations = { "cluster-ipam.io/is-default-pool": "true" };
      await namespace.apply({ ...everybody, metadata: { name: "everybody", annotations } });
      await namespace.apply(deployment({ name: "web", network: "unnamed", replicas: 2 }));
      const pods = await namespace.running("web", 2);
      for (const { status } of pods) expect(status.podIP).toMatch(/^172\.16\.12\./);
      await namespace.clear();
    });
  });
}
