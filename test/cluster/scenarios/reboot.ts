import { waitFor } from "@cluster-ipam/test-integration";
import { describe, expect, it } from "vitest";
import type { Pod } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import type { TestNamespace } from "../src/test-namespace.ts";
import { deployment, pool, statefulSet } from "../src/workloads.ts";

const NODE = "n2";
/** A node's programs start, kubelet finds out about its pods, and each gets a new sandbox. */
const RESTART_TIMEOUT_MS = 180_000;

/** Name, and whether it runs anew, address and unique number of each pod. */
function identities(pods: readonly Pod[]): readonly (readonly [string, string, string | undefined])[] {
  return pods.map(({ metadata, status }) => [metadata.name, metadata.uid, status.podIP]);
}

/** S18: sandboxes that end without a DEL. */
export function reboot(suite: Suite): void {
  describe("S18: sandboxes that die under their pods", () => {
    const untilRestarted = async (namespace: TestNamespace, count: number): Promise<void> => {
      const areNew = async (): Promise<true | undefined> => {
        const pods = await namespace.pods();
        return pods.filter(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0).length >= count
          ? true
          : undefined;
      };
      const what = `${count} pods to be started again`;
      await waitFor(areNew, { what, timeoutMs: RESTART_TIMEOUT_MS, intervalMs: 500, signal: suite.cluster.run.signal });
    };

    it("a node that reboots brings its pods up with the addresses that they had, and nothing leaks", async () => {
      const namespace = await suite.namespace("s18");
      const ranges = [{ subnet: "172.16.18.0/24", start: "172.16.18.50" }];
      await namespace.apply(pool("numbered", { ranges, strategy: "Index" }));
      const nodes = [NODE];
      await namespace.apply(statefulSet({ name: "db", network: "numbered", replicas: 2, nodes }));
      await namespace.apply(deployment({ name: "web", network: "lan", replicas: 3, nodes }));
      const before = [...(await namespace.running("db", 2)), ...(await namespace.running("web", 3))];
      expect(before.slice(0, 2).map(({ status }) => status.podIP)).toEqual(["172.16.18.50", "172.16.18.51"]);
      await suite.cluster.node(NODE).reboot();
      await untilRestarted(namespace, 5);
      const after = [
        ...(await namespace.running("db", 2, RESTART_TIMEOUT_MS)),
        ...(await namespace.running("web", 3, RESTART_TIMEOUT_MS)),
      ];
      expect(identities(after)).toEqual(identities(before));
      expect(await namespace.leases()).toHaveLength(5);
      expect(await namespace.unreachable(after.slice(2))).toEqual([]);
    });

    it("a sandbox that is killed is replaced, with the address that the pod had", async () => {
      const namespace = await suite.namespace("s18");
      const [before] = await namespace.running("db", 2);
      const name = before?.metadata.name ?? "";
      await suite.cluster.node(NODE).killSandbox("s18", name);
      const areNew = async (): Promise<true | undefined> => {
        const pods = await namespace.pods("db");
        const pod = pods.find(({ metadata }) => metadata.name === name);
        return (pod?.status.containerStatuses?.[0]?.restartCount ?? 0) > 1 ? true : undefined;
      };
      await waitFor(areNew, { what: `${name} to be started again`, timeoutMs: RESTART_TIMEOUT_MS, intervalMs: 500 });
      const [after] = await namespace.running("db", 2);
      expect(after?.status.podIP).toBe(before?.status.podIP);
      expect(await namespace.leases()).toHaveLength(5);
      await namespace.clear();
    });
  });
}
