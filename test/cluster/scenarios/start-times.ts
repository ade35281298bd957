import { describe, expect, it } from "vitest";
import { medianMs, readSandboxTimes, type SandboxTimes, sandboxTimesBetween } from "../src/sandbox-times.ts";
import type { Suite } from "../src/suite.ts";
import type { TestNamespace } from "../src/test-namespace.ts";
import { deployment } from "../src/workloads.ts";

const ROUNDS = 17;
/** Few at a time: what is to be seen is a sandbox's own time, not how long it waits for a processor. */
const PODS = 6;
/**
 * On a machine that nodes, control plane and other work share, two rounds of one network differ by more than the two
 * networks do on an idle one: only what is plainly slower fails. The figures are printed.
 */
const MAX_RATIO = 1.5;
/** The same network, with host-local and with ours. */
const NETWORKS = ["files", "lan"] as const;
const TIMEOUT_MS = 600_000;

function describeTimes(network: string, times: SandboxTimes): string {
  const mean = (times.totalMs / times.count).toFixed(0);
  return `sandboxes on ${network}: ${times.count}, median ${medianMs(times).toFixed(0)} ms, mean ${mean} ms\n`;
}

/** How long a pod's sandbox takes to start with host-local and with ours, turn and turn about. */
export function startTimes(suite: Suite): void {
  describe("start times", () => {
    const play = async (namespace: TestNamespace, network: string): Promise<void> => {
      await namespace.scale("deployment", network, PODS);
      await namespace.running(network, PODS);
      await namespace.scale("deployment", network, 0);
      await namespace.running(network, 0);
    };

    it("a sandbox starts about as fast as with host-local", { timeout: TIMEOUT_MS }, async () => {
      const namespace = await suite.namespace("times");
      for (const network of NETWORKS) {
        await namespace.apply(deployment({ name: network, network, replicas: 0, isSpread: true }));
      }
      const look = async (): Promise<readonly SandboxTimes[]> =>
        await Promise.all(NETWORKS.map((network) => readSandboxTimes(suite.cluster, network)));
      const before = await look();
      for (let round = 0; round < ROUNDS; round++) {
        for (const network of round % 2 === 0 ? NETWORKS : NETWORKS.toReversed()) await play(namespace, network);
      }
      const after = await look();
      const times = after.map((seen, index) => sandboxTimesBetween(before[index] ?? seen, seen));
      for (const [index, seen] of times.entries()) process.stdout.write(describeTimes(NETWORKS[index] ?? "", seen));
      const [files = Number.NaN, lan = Number.NaN] = times.map(medianMs);
      expect(times.map(({ count }) => count)).toEqual([ROUNDS * PODS, ROUNDS * PODS]);
      expect(lan).toBeLessThanOrEqual(files * MAX_RATIO);
    });
  });
}
