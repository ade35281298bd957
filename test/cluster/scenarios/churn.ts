import { describe, expect, it } from "vitest";
import type { Suite } from "../src/suite.ts";
import { deployment, pool } from "../src/workloads.ts";

const PODS = 100;
const ROUNDS = 5;
const TIMEOUT_MS = 600_000;

/** A hundred pods that come and go. */
export function churn(suite: Suite): void {
  describe("churn", () => {
    it(`${PODS} pods, ${ROUNDS} times up and down: the leases are those of the pods, no sandbox failed`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const namespace = await suite.namespace("churn");
      await namespace.apply(pool("large", { ranges: [{ subnet: "172.16.20.0/22" }] }));
      await namespace.apply(deployment({ name: "many", network: "large", replicas: 0 }));
      for (let round = 0; round < ROUNDS; round++) {
        await namespace.scale("deployment", "many", PODS);
        const pods = await namespace.running("many", PODS);
        const leases = await namespace.untilLeases(PODS);
        expect(new Set(leases.map(({ spec }) => spec.address))).toEqual(
          new Set(pods.map(({ status }) => status.podIP)),
        );
        await namespace.scale("deployment", "many", 0);
        await namespace.running("many", 0);
        await namespace.untilLeases(0);
      }
      expect(await namespace.kubectl("get", "events", "--field-selector=reason=FailedCreatePodSandBox")).toBe("");
    });
  });
}
