import { describe, expect, it } from "vitest";
import type { ObjectList, Pod } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import { deployment, pool } from "../src/workloads.ts";

const PODS = 100;
const ROUNDS = 5;
const TIMEOUT_MS = 600_000;
const BYTES_PER_MB = 1_000_000;
/** The chart's limit, 256Mi. */
const AGENT_LIMIT_BYTES = 268_435_456;

const SYSTEM = "kube-system";

/** The most memory that an agent has now, in bytes, by its own metrics. */
async function agentMemory({ cluster }: Suite, agents: readonly Pod[]): Promise<number> {
  const sizes = agents.map(async ({ metadata }) => {
    const path = `/api/v1/namespaces/${SYSTEM}/pods/${metadata.name}:9808/proxy/metrics`;
    return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await cluster.kubectl.run("get", "--raw", path))?.[1]);
  });
  return Math.max(...(await Promise.all(sizes)));
}

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
      const selector = "app.kubernetes.io/component=agent";
      const listed = ["pods", "--namespace", SYSTEM, "--selector", selector, "--field-selector=status.phase=Running"];
      const { items } = await suite.cluster.kubectl.get<ObjectList<Pod>>(...listed);
      const ends = items.flatMap(({ status }) => status.containerStatuses ?? []).map(({ lastState }) => lastState);
      expect(ends.map(({ terminated }) => terminated?.reason)).not.toContain("OOMKilled");
      const bytes = await agentMemory(suite, items);
      process.stdout.write(`agents after the churn: ${(bytes / BYTES_PER_MB).toFixed(0)} MB at most\n`);
      expect(bytes).toBeLessThan(AGENT_LIMIT_BYTES);
    });
  });
}
