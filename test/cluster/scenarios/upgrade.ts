import { describe, expect, it } from "vitest";
import type { Pod } from "../src/objects.ts";
import { makeSecondBuild } from "../src/second-build.ts";
import type { Suite } from "../src/suite.ts";
import { deployment } from "../src/workloads.ts";

const PLUGIN = "/opt/cni/bin/cluster-ipam";

function addressesByPod(pods: readonly Pod[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(pods.map(({ metadata, status }) => [metadata.uid, status.podIP]));
}

/** S14: what Helm does under running pods. */
export function upgrade(suite: Suite): void {
  describe("S14: upgrade, uninstall and reinstall under running pods", () => {
    const plugins = async (): Promise<ReadonlySet<string>> => {
      const sums = suite.cluster.nodes.map((node) => node.exec("sha256sum", PLUGIN));
      return new Set((await Promise.all(sums)).map((text) => text.split(" ")[0] ?? ""));
    };

    it("an upgrade replaces the plugin on every node, and no pod loses its address", async () => {
      const namespace = await suite.namespace("s14");
      await namespace.apply(deployment({ name: "web", network: "lan", replicas: 6, isSpread: true }));
      const before = await namespace.running("web", 6);
      const [leases, [old]] = [await namespace.leases(), [...(await plugins())]];
      await suite.installation.upgrade(await makeSecondBuild(suite.cluster));
      const [present, ...others] = await plugins();
      expect(others).toEqual([]);
      expect(present).not.toBe(old);
      expect(addressesByPod(await namespace.running("web", 6))).toEqual(addressesByPod(before));
      expect(new Set((await namespace.leases()).map(({ metadata }) => metadata.uid))).toEqual(
        new Set(leases.map(({ metadata }) => metadata.uid)),
      );
    });

    it("pods that go while nothing is installed stop cleanly, and their leases go after the reinstall", async () => {
      const namespace = await suite.namespace("s14");
      await suite.installation.uninstall();
      await namespace.scale("deployment", "web", 3);
      const left = await namespace.running("web", 3);
      expect(await namespace.leases()).toHaveLength(6);
      expect(await plugins()).toHaveProperty("size", 1);
      await suite.installation.install();
      const leases = await namespace.untilLeases(3);
      expect(new Set(leases.map(({ spec }) => spec.address))).toEqual(new Set(left.map(({ status }) => status.podIP)));
      await namespace.scale("deployment", "web", 6);
      const all = await namespace.running("web", 6);
      expect(addressesByPod(all)).toMatchObject(addressesByPod(left));
      expect(await namespace.unreachable(all)).toEqual([]);
      await namespace.clear();
    });
  });
}
