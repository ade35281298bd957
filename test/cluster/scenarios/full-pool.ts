import { waitFor } from "@cluster-ipam/test-integration";
import { describe, expect, it } from "vitest";
import type { Suite } from "../src/suite.ts";
import { deployment, pool } from "../src/workloads.ts";

interface PoolStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** S16: more pods than addresses. */
export function fullPool(suite: Suite): void {
  describe("S16: a pool runs full", () => {
    const untilExhausted = async (wanted: string): Promise<void> => {
      const { kubectl, run } = suite.cluster;
      const isSo = async (): Promise<true | undefined> => {
        const { status } = await kubectl.get<PoolStatus>("ippool", "small");
        const condition = status?.conditions?.find(({ type }) => type === "Exhausted");
        return (condition?.status ?? "False") === wanted ? true : undefined;
      };
      await waitFor(isSo, { what: `Exhausted=${wanted}`, timeoutMs: 60_000, intervalMs: 500, signal: run.signal });
    };

    it("the pod's event names pool, used and capacity, the pool says Exhausted, and one that goes lets it start", async () => {
      const namespace = await suite.namespace("s16");
      const ranges = [{ subnet: "172.16.16.0/24", start: "172.16.16.10", end: "172.16.16.12" }];
      await namespace.apply(pool("small", { ranges }));
      await namespace.apply(deployment({ name: "early", network: "small", replicas: 3 }));
      await namespace.running("early", 3);
      await namespace.apply(deployment({ name: "late", network: "small", replicas: 1 }));
      const text = await namespace.event("late", /small/);
      expect(text).toContain("pool small is full: 3 used of a capacity of 3");
      await untilExhausted("True");
      await namespace.scale("deployment", "early", 2);
      await namespace.running("late", 1);
      expect(await namespace.untilLeases(3)).toHaveLength(3);
      await namespace.scale("deployment", "late", 0);
      await untilExhausted("False");
      await namespace.clear();
    });
  });
}
