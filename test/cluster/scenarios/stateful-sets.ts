import { describe, expect, it } from "vitest";
import type { Suite } from "../src/suite.ts";
import { pool, statefulSet } from "../src/workloads.ts";

const INDEXED = ["172.16.7.100", "172.16.7.101", "172.16.7.102"];

/** S7: the pods of a StatefulSet have addresses by their numbers. */
export function statefulSets(suite: Suite): void {
  describe("S7: a StatefulSet on strategy Index", () => {
    it("has the start plus each pod's number, and the same after all pods were made anew", async () => {
      const namespace = await suite.namespace("s7");
      const ranges = [{ subnet: "172.16.7.0/24", start: "172.16.7.100", end: "172.16.7.120" }];
      await namespace.apply(pool("counted", { ranges, strategy: "Index" }));
      await namespace.apply(statefulSet({ name: "web", network: "counted", replicas: 3, isSpread: true }));
      const before = await namespace.running("web", 3);
      expect(before.map(({ status }) => status.podIP)).toEqual(INDEXED);
      await namespace.kubectl("delete", "pods", "--selector", "app=web");
      const after = await namespace.running("web", 3);
      expect(after.map(({ status }) => status.podIP)).toEqual(INDEXED);
      expect(after.map(({ metadata }) => metadata.uid)).not.toEqual(before.map(({ metadata }) => metadata.uid));
      await namespace.clear();
    });
  });
}
