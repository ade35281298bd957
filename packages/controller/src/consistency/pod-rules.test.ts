import { beforeEach, describe, expect, test } from "vitest";
import { CheckWorld } from "../testing/check-world.ts";
import { poolOf } from "../testing/facts.ts";
import { CHECK_LIMITS } from "./consistency-check.ts";
import { NO_FINDINGS } from "./finding.ts";

let world: CheckWorld;

beforeEach(() => {
  world = new CheckWorld();
  world.pool(poolOf({ name: "lab" }, [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }, { subnet: "fd00::/64" }]));
});

/** What a pod shows whose interface net1 has the address, beside that of the cluster's own network. */
function net1(...ips: readonly string[]): Parameters<CheckWorld["pod"]>[1] {
  const own = { name: "kindnet", interface: "eth0", ips: ["10.244.1.7"], default: true };
  return [own, { name: "default/lan", interface: "net1", ips }];
}

const NAMES: Readonly<Record<string, string>> = {
  "10.0.0.5": "10.0.0.5",
  "fd00::5": "fd00-0000-0000-0000-0000-0000-0000-0005",
};

describe.each([["10.0.0.5"], ["fd00::5"]])("a pod that shows %s", (address) => {
  const name = NAMES[address] ?? "";

  test("is found when nobody has a lease of it", async () => {
    // There may be very many spaces: none is asked for that shows no lease of the address.
    world.lease("10.0.0.9", { addressSpace: "blue", pool: "" });
    world.pod("web-0", net1(address), { node: "n2" });
    const [finding, ...others] = await world.findings();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      kind: "address-without-lease",
      about: { address, pool: "lab", pod: "default/web-0", interface: "net1", node: "n2" },
      regarding: { apiVersion: "v1", kind: "Pod", namespace: "default", name: "web-0", uid: "u-web-0" },
    });
    expect(finding?.message).toMatch(
      `pod default/web-0 on node n2 shows ${address} (net1, default/lan), which pool lab hands out, and has no lease of it`,
    );
    expect(world.calls).toEqual(["pods n1", "pods n2", "pod default/web-0", `lease ${name}`]);
  });

  test("is found when another pod has the lease", async () => {
    world.lease(address, { holder: "default/db-0/net1", node: "n1" });
    world.pod("web-0", net1(address), { node: "n2" });
    const [finding, ...others] = await world.findings();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      kind: "other-holder",
      about: { address, lease: name, pod: "default/web-0", node: "n2" },
      regarding: { kind: "IPLease", name, uid: `u-${name}` },
    });
    expect(finding?.message).toContain(
      `pod default/web-0 on node n2 shows ${address} (net1, default/lan), which pod default/db-0 on node n1 holds by ` +
        `lease ${name} of pool lab: delete one of the two`,
    );
  });

  test("is found on the second of two interfaces that show it", async () => {
    world.lease(address);
    const ips = [address];
    world.pod("web-0", [
      { interface: "net1", ips },
      { interface: "net2", ips },
    ]);
    expect(await world.findings()).toMatchObject([{ kind: "other-holder", about: { interface: "net2" } }]);
  });

  test.each([
    [
      "reserved",
      { reserved: { reason: "printer" }, holder: "" },
      "which lease NAME of pool lab reserves (printer): delete the pod; a new pod",
    ],
    [
      "kept for another pod",
      { releasedAt: "2026-01-02T03:04:05Z", holder: "default/db-0/net1" },
      "for default/db-0 since",
    ],
    ["kept for that pod", { releasedAt: "2026-01-02T03:04:05Z" }, "keeps for default/web-0 since it was given back"],
    [
      "cooling down",
      { releasedAt: "2026-01-02T03:04:05Z", holder: "" },
      "keeps for a while since it was given back: delete the pod",
    ],
  ])("is found when the address is %s", async (_, spec, text) => {
    world.lease(address, { ...spec, containerID: "", node: "" });
    world.pod("web-0", net1(address));
    const [finding] = await world.findings();
    expect(finding?.kind).toBe("other-holder");
    expect(finding?.message).toContain(text.replace("NAME", name));
  });

  test.each<readonly [string, () => void]>([
    ["it has the lease", () => world.lease(address)],
    ["it has one in a space that no pool is in", () => world.lease(address, { addressSpace: "blue", pool: "" })],
    ["the copy of the cluster does not show its lease yet", () => world.lease(address, {}, { isSeen: false })],
    [
      "the copy shows another's, which is gone by now",
      () => {
        world.lease(address, {}, { isSeen: false });
        world.lease(address, { holder: "default/db-0/net1" }, { isStored: false });
      },
    ],
    ["it is gone, has ended, is being deleted or has no sandbox by now", () => world.becomes("web-0", undefined)],
    ["it is another pod of that name by now", () => world.becomes("web-0", { uid: "u-2" })],
    [
      "it shows another address by now",
      () => {
        world.becomes("web-0", { networkStatus: JSON.stringify(net1("10.0.0.99")) });
      },
    ],
    ["the pool hands it out no more", () => world.pool(poolOf({ name: "lab" }, [{ subnet: "10.9.0.0/24" }]))],
    ["the pool is gone", () => world.pools.delete("lab")],
  ])("is not found when %s", async (_, change) => {
    world.pod("web-0", net1(address));
    change();
    expect(await world.findings()).toEqual([]);
  });

  test("is not found where the network does not tell the interface, and any of the pod's has the lease", async () => {
    world.lease(address, { holder: "default/web-0/net7" });
    world.pod("web-0", [{ name: "default/lan", ips: [address] }]);
    expect(await world.findings()).toEqual([]);
    world.pod("web", [{ name: "default/lan", ips: [address] }]);
    expect(await world.findings()).toMatchObject([{ kind: "other-holder", about: { pod: "default/web" } }]);
  });

  test("is not found where its lease in another space comes to be seen while the check waits", async () => {
    world.lease("10.0.0.9", { addressSpace: "blue", pool: "" });
    world.pod("web-0", net1(address));
    void world.clock.sleep(CHECK_LIMITS.settleMs / 2).then(() => {
      world.lease(address, { addressSpace: "blue", pool: "" });
    });
    expect(await world.findings()).toEqual([]);
  });

  test("has no lease where only others have one, in a space that no pool with it is in", async () => {
    world.lease(address, { addressSpace: "blue", pool: "", holder: "default/db-0/net1" });
    world.pod("web-0", net1(address));
    expect(await world.findings()).toMatchObject([{ kind: "address-without-lease" }]);
  });

  test("is not found where it has a lease of its own in another space than the one beside it", async () => {
    world.lease(address, { holder: "default/db-0/net1" });
    world.lease(address, { addressSpace: "blue", pool: "blue" });
    world.pool(poolOf({ name: "blue" }, [{ subnet: "10.0.0.0/24" }], { addressSpace: "blue" }));
    world.pod("web-0", net1(address));
    expect(await world.findings()).toEqual([]);
  });
});

test("addresses that no pool hands out are nobody's business", async () => {
  world.pod("web-0", net1("10.244.1.9", "10.0.1.5", "fd01::5"));
  world.pod("gateway", net1("10.0.0.1"));
  expect(await world.findings()).toEqual([]);
  expect(world.calls).toEqual(["pods n1", "pods n2"]);
});

test("the address of the cluster's own network counts where a pool hands it out", async () => {
  world.pool(poolOf({ name: "primary" }, [{ subnet: "10.244.1.0/24" }]));
  world.pod("web-0", net1());
  expect(await world.findings()).toMatchObject([{ kind: "address-without-lease", about: { interface: "eth0" } }]);
});

describe("a pool of the nodes' own networks", () => {
  beforeEach(() => {
    world.nodes.push(
      { podCidrs: ["10.244.1.0/24"], labels: { rack: "a" } },
      { podCidrs: ["10.244.2.0/24"], labels: { rack: "b" } },
    );
    const spec = { source: "NodePodCIDR", nodeSelector: { matchLabels: { rack: "a" } } } as const;
    world.pool(poolOf({ name: "primary" }, [], spec));
  });

  test("is held against pods of the nodes that it is for, and no others", async () => {
    world.pod("web-0", [{ interface: "eth0", ips: ["10.244.1.7"] }], { node: "n1" });
    world.pod("other", [{ interface: "eth0", ips: ["10.244.2.7"] }], { node: "n2" });
    expect((await world.findings()).map(({ about }) => about.pod)).toEqual(["default/web-0"]);
  });
});

test("pods of nodes without Node object are looked at where there are leases of the node", async () => {
  world.lease("10.0.0.9", { node: "gone" });
  world.pod("web-0", net1("10.0.0.5"), { node: "gone" });
  expect(await world.findings()).toMatchObject([{ about: { pod: "default/web-0", node: "gone" } }]);
});

test("a pod whose annotation cannot be read is counted, and no finding; one without any is none of the two", async () => {
  world.pod("web-0", "[{");
  world.pod("web-1", "");
  world.pod("web-2", net1("10.0.0.5"));
  const { counts, pods, unreadablePods } = await world.check();
  expect([pods, unreadablePods, world.unreadable]).toEqual([3, 1, ["default/web-0"]]);
  expect(counts).toEqual({ ...NO_FINDINGS, "address-without-lease": 1 });
});

test("a suspicion is looked into after ten seconds", async () => {
  world.pod("web-0", net1("10.0.0.5"));
  await world.check();
  expect(world.clock.nowMs()).toBe(CHECK_LIMITS.settleMs);
});

test("no more than a thousand suspicions are looked into, and the others are told of", async () => {
  for (let number = 0; number < 20; number += 1) {
    const ips = Array.from({ length: 51 }, (_, at) => `fd00::${number + 1}:${at + 1}`);
    world.pod(`web-${number}`, [{ interface: "net1", ips }]);
  }
  const { counts, unconfirmed, found } = await world.check();
  expect([counts["address-without-lease"], found.length, unconfirmed]).toEqual([1_000, 1_000, 20]);
});

test("a server that says no ends the check", async () => {
  world.failure = new Error("pods is forbidden");
  await expect(world.check()).rejects.toThrow("pods is forbidden");
});
