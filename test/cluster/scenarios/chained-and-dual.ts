import { describe, expect, it } from "vitest";
import { addressesOf } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import { deployment } from "../src/workloads.ts";

/** S5 and S10: what else a network may be. */
export function chainedAndDual(suite: Suite): void {
  it("S5: a plugin chained behind macvlan does its work", async () => {
    const namespace = await suite.namespace("s5");
    await namespace.apply(deployment({ name: "web", network: "tuned", replicas: 2 }));
    const pods = await namespace.running("web", 2);
    expect(new Set(pods.flatMap(addressesOf)).size).toBe(2);
    const knob = "/proc/sys/net/ipv4/conf/eth0/arp_notify";
    expect(await namespace.kubectl("exec", pods[0]?.metadata.name ?? "", "--", "cat", knob)).toBe("1\n");
    await namespace.clear();
  });

  describe("S10: dual stack", () => {
    it("gives each pod one address of each family", async () => {
      const namespace = await suite.namespace("s10");
      await namespace.apply(deployment({ name: "web", network: "dual", replicas: 3, isSpread: true }));
      const pods = await namespace.running("web", 3);
      for (const pod of pods) {
        expect(addressesOf(pod)).toEqual([expect.stringMatching(/^172\.16\.10\./), expect.stringMatching(/^fd00:10:/)]);
      }
      expect(new Set(pods.flatMap(addressesOf)).size).toBe(6);
      expect(await namespace.leases()).toHaveLength(6);
      await namespace.clear();
    });

    it("gives none where one family is full", async () => {
      const namespace = await suite.namespace("s10-full");
      await namespace.apply(deployment({ name: "early", network: "half", replicas: 2 }));
      await namespace.running("early", 2);
      await namespace.apply(deployment({ name: "late", network: "half", replicas: 1 }));
      await namespace.event("late", /fd00:11:.*|half.*(full|used)/);
      expect(await namespace.leases()).toHaveLength(4);
      await namespace.clear();
    });
  });
}
