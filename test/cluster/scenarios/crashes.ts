import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "@cluster-ipam/test-integration";
import { describe, expect, it } from "vitest";
import type { Pod } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import type { TestNamespace } from "../src/test-namespace.ts";
import { deployment, pool } from "../src/workloads.ts";

const SYSTEM = "kube-system";
/** How long the API server stays away: time for kubelet to stop pods, and for agents to see that it is away. */
const OUTAGE_MS = 8_000;

interface ElectionLease {
  readonly spec: { readonly holderIdentity?: string };
}

/** S15: what may die at any moment. The loss of a node is a scenario of its own. */
export function crashes(suite: Suite): void {
  describe("S15: agents, API server and controllers die", () => {
    const expectOneLeaseEach = async (namespace: TestNamespace, pods: readonly Pod[]): Promise<void> => {
      const leases = await namespace.untilLeases(pods.length);
      const addresses = new Set(pods.map(({ status }) => status.podIP));
      expect(addresses.size).toBe(pods.length);
      expect(new Set(leases.map(({ spec }) => spec.address))).toEqual(addresses);
    };

    it("every agent killed while pods start and stop: each pod has an address of its own, none is lost", async () => {
      const namespace = await suite.namespace("s15");
      await namespace.apply(deployment({ name: "stay", network: "lan", replicas: 3 }));
      await namespace.apply(deployment({ name: "go", network: "lan", replicas: 6 }));
      await Promise.all([namespace.running("stay", 3), namespace.running("go", 6)]);
      const kill = ["delete", "pods", "--namespace", SYSTEM, "--selector", "app.kubernetes.io/component=agent"];
      await Promise.all([
        namespace.scale("deployment", "stay", 12),
        namespace.scale("deployment", "go", 0),
        suite.cluster.kubectl.run(...kill, "--grace-period=0", "--force"),
      ]);
      const pods = await namespace.running("stay", 12);
      await namespace.running("go", 0);
      await expectOneLeaseEach(namespace, pods);
      await suite.installation.untilReady();
    });

    it("pods stop while the API server is away, and their leases go when it is back", async () => {
      const namespace = await suite.namespace("s15");
      const { controlPlane, run } = suite.cluster;
      await namespace.scale("deployment", "stay", 3);
      const areStopping = async (): Promise<true | undefined> => {
        const pods = await namespace.pods("stay");
        return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length === 3 ? true : undefined;
      };
      await waitFor(areStopping, { what: "nine pods to stop", timeoutMs: 30_000, signal: run.signal });
      await controlPlane.server.kill();
      controlPlane.api.disconnect();
      await delay(OUTAGE_MS);
      await controlPlane.server.restart();
      await expectOneLeaseEach(namespace, await namespace.running("stay", 3));
      await namespace.scale("deployment", "stay", 6);
      await expectOneLeaseEach(namespace, await namespace.running("stay", 6));
      await namespace.clear();
    });

    it("the leading controller killed: another one leads and goes on with the work", async () => {
      const namespace = await suite.namespace("s15");
      const { kubectl, run } = suite.cluster;
      const leader = async (): Promise<string | undefined> => {
        const lease = ["lease", "cluster-ipam-controller", "--namespace", SYSTEM];
        const { spec } = await kubectl.get<ElectionLease>(...lease);
        const { items } = await kubectl.get<{ readonly items: readonly Pod[] }>("pods", "--namespace", SYSTEM);
        return items.map(({ metadata }) => metadata.name).find((name) => spec.holderIdentity?.startsWith(name));
      };
      const first = await leader();
      expect(first).toBeDefined();
      await kubectl.run("delete", "pod", first ?? "", "--namespace", SYSTEM, "--grace-period=0", "--force");
      await namespace.apply(pool("afterwards", { ranges: [{ subnet: "172.16.15.0/24" }] }));
      await kubectl.run("wait", "ippool/afterwards", "--for=condition=Ready", "--timeout=90s");
      const isAnother = async (): Promise<true | undefined> => {
        const now = await leader();
        return now !== undefined && now !== first ? true : undefined;
      };
      await waitFor(isAnother, { what: "another leader", timeoutMs: 60_000, intervalMs: 500, signal: run.signal });
      await suite.installation.untilReady();
    });
  });
}
