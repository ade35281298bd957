import { describe, expect, it } from "vitest";
import type { Suite } from "../src/suite.ts";
import { deployment, pool } from "../src/workloads.ts";

/** S3: an address that is asked for. Without Multus no annotation can: the ipam section names it. */
export function fixedAddresses(suite: Suite): void {
  describe("S3: a fixed address", () => {
    it("is had by the first pod; the second is told by whom, and has it once the first is gone", async () => {
      const namespace = await suite.namespace("s3");
      await namespace.apply(deployment({ name: "first", network: "fixed", replicas: 1 }));
      const [holder] = await namespace.running("first", 1);
      expect(holder?.status.podIP).toBe("172.16.3.201");
      await namespace.apply(deployment({ name: "second", network: "fixed", replicas: 1 }));
      const text = await namespace.event("second", /172\.16\.3\.201/);
      expect(text).toContain(`s3/${holder?.metadata.name}`);
      await namespace.scale("deployment", "first", 0);
      const [successor] = await namespace.running("second", 1);
      expect(successor?.status.podIP).toBe("172.16.3.201");
      await namespace.clear();
    });

    it("outside of every range is refused with the ranges in the pod's event", async () => {
      const namespace = await suite.namespace("s3-outside");
      await namespace.apply(pool("narrow", { ranges: [{ subnet: "172.16.4.0/24" }] }));
      await namespace.apply(deployment({ name: "web", network: "outside", replicas: 1 }));
      const text = await namespace.event("web", /172\.16\.9\.9/);
      expect(text).toContain("172.16.4.");
      await namespace.clear();
    });
  });
}
