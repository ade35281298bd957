import { waitFor } from "@cluster-ipam/test-integration";
import { describe, expect, it } from "vitest";
import type { Suite } from "../src/suite.ts";
import { deployment } from "../src/workloads.ts";

const NODE = "n3";
/** Five minutes without a Node, a round of the controller, and what a busy machine adds. */
const FREED_TIMEOUT_MS = 480_000;

interface Node {
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

/** S15: a node dies for good. The scenarios in `meanwhile` fill the time until its addresses come free. */
export function lostNode(suite: Suite, meanwhile: () => void): void {
  describe("S15: a node dies", () => {
    it("while it is not ready its leases stay", async () => {
      const namespace = await suite.namespace("s15-lost");
      const nodes = [NODE];
      await namespace.apply(deployment({ name: "web", network: "lan", replicas: 3, nodes }));
      await namespace.running("web", 3);
      await suite.cluster.node(NODE).kill();
      const isLost = async (): Promise<true | undefined> => {
        const { status } = await suite.cluster.kubectl.get<Node>("node", NODE);
        return status.conditions.find(({ type }) => type === "Ready")?.status === "True" ? undefined : true;
      };
      const { signal } = suite.cluster.run;
      await waitFor(isLost, { what: "the node to be not ready", timeoutMs: 90_000, intervalMs: 500, signal });
      expect(await namespace.leases()).toHaveLength(3);
      await suite.cluster.kubectl.run("delete", "node", NODE);
    });

    meanwhile();

    it("once its Node is deleted its leases go, five minutes later", { timeout: FREED_TIMEOUT_MS }, async () => {
      const namespace = await suite.namespace("s15-lost");
      await namespace.untilLeases(0, FREED_TIMEOUT_MS);
      const events = await suite.cluster.kubectl.run("get", "events", "--all-namespaces");
      expect(events).toMatch(/IPLease|iplease/);
    });
  });
}
