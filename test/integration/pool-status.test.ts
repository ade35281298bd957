import { TestNetwork } from "@cluster-ipam/allocator/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { ControlledCluster, conditionOf } from "./src/controlled-cluster.ts";
import { listEvents } from "./src/core-objects.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig } from "./src/pod-sandbox.ts";
import { deletePool, listLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const SOON_MS = 30_000;

/** A network for each test, and how many of its first eight addresses are handed out. */
const FAMILIES = [
  { family: "IPv4", networkOf: (number: number) => new TestNetwork(`10.50.${number}.0/24`), capacity: 6 },
  { family: "IPv6", networkOf: (number: number) => new TestNetwork(`fd00:50:${number}::/64`), capacity: 7 },
] as const;

let cluster: ControlledCluster;

beforeAll(async () => {
  cluster = await ControlledCluster.start({ nodes: ["n1", "n2"] });
});
afterAll(() => cluster?.close());

function networkConfig(pool: string): NetworkConfig {
  return { cniVersion: "1.0.0", name: pool, type: "macvlan", ipam: { type: "cluster-ipam", pool } };
}

// Statuses are written once in five seconds, which is what these tests wait for, most of the time.
describe.concurrent.each(FAMILIES)("the controller and its pools of $family", ({ networkOf, capacity }) => {
  it("S16: a pool that runs full is Exhausted, with an event; freeing one address lets the next pod in", async () => {
    const name = await cluster.pool({ ranges: [{ subnet: networkOf(2).part(8) }] });
    const { socketPath } = cluster.node("n1");
    const calls = Array.from({ length: capacity }, (_, index) => addCall(`${name}-${index}`, networkConfig(name)));
    for (const call of calls) resultOf(await callPlugin(socketPath, call));
    const full = await cluster.untilStatus(name, (one) => conditionOf(one, "Exhausted") === "True");
    expect(full).toMatchObject({ used: String(capacity), free: "0" });
    expect(conditionOf(full, "NearlyFull")).toBe("True");
    const next = addCall(`${name}-next`, networkConfig(name));
    expect(errorOf(await callPlugin(socketPath, next)).code).toBe(101);
    const [first] = calls;
    if (first === undefined) throw new Error("no call");
    resultOf(await callPlugin(socketPath, delCall(first)));
    await cluster.untilStatus(name, (one) => conditionOf(one, "Exhausted") === "False" && one.free === "1");
    resultOf(await callPlugin(socketPath, next));
    const isTold = async (): Promise<true | undefined> => {
      const events = await listEvents(cluster.controlPlane, "controller");
      return events.some(({ reason, regarding }) => reason === "Exhausted" && regarding.name === name)
        ? true
        : undefined;
    };
    await waitFor(isTold, { what: "the event of a full pool", timeoutMs: SOON_MS });
    for (const call of [...calls.slice(1), next]) resultOf(await callPlugin(socketPath, delCall(call)));
    await cluster.untilStatus(name, ({ used }) => used === "0");
  });

  it("a new pool is Ready, with its capacity", async () => {
    const name = await cluster.pool({ ranges: [{ subnet: networkOf(1).part(8) }] });
    const status = await cluster.untilStatus(name, (one) => conditionOf(one, "Ready") === "True");
    const all = String(capacity);
    expect(status).toMatchObject({ capacity: all, used: "0", free: all, reserved: "0", kept: "0", outside: "0" });
    expect(await cluster.replica.metric("pool_statuses_written_total")).toBeGreaterThan(0);
  });

  it("two pools that share addresses name each other, and both count what one of them gave out", async () => {
    const network = networkOf(3);
    const one = await cluster.pool({ ranges: [{ subnet: network.part(8) }] });
    const two = await cluster.pool({ ranges: [{ subnet: network.part(8), end: network.at(3) }] });
    const call = addCall(`${two}-shared`, networkConfig(two));
    resultOf(await callPlugin(cluster.node("n1").socketPath, call));
    const isShared = await cluster.untilStatus(
      one,
      (found) => conditionOf(found, "Overlapping") === "True" && found.used === "1",
    );
    expect(isShared.conditions?.find(({ type }) => type === "Overlapping")?.message).toContain(two);
    await cluster.untilStatus(two, (found) => found.used === "1" && found.capacity === "3");
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(call)));
    await deletePool(cluster.controlPlane, two);
    await cluster.untilStatus(one, (found) => conditionOf(found, "Overlapping") === "False" && found.used === "0");
  });

  it("a pool that agents refuse is Invalid, with the sentence that they say, and right again after an edit", async () => {
    const network = networkOf(4);
    const range = { subnet: network.subnet, start: network.at(9), end: network.at(5) };
    const name = await cluster.pool({ ranges: [range] });
    const status = await cluster.untilStatus(name, (one) => conditionOf(one, "Invalid") === "True");
    expect(conditionOf(status, "Ready")).toBe("False");
    const call = addCall(`${name}-bad`, networkConfig(name));
    const { msg } = errorOf(await callPlugin(cluster.node("n1").socketPath, call));
    const message = status.conditions?.find(({ type }) => type === "Invalid")?.message ?? "no message";
    expect(msg).toContain(message);
    await cluster.editPool(name, { ranges: [{ ...range, start: network.at(1) }] });
    await cluster.untilStatus(name, (one) => conditionOf(one, "Ready") === "True" && one.capacity === "5");
  });

  it("an address that cools down is free again after its time, and is nobody's before", async () => {
    const network = networkOf(7);
    const ranges = [{ subnet: network.part(4), start: network.at(1), end: network.at(1) }];
    const name = await cluster.pool({ ranges, coolDownSeconds: 3 });
    await cluster.untilStatus(name, (one) => conditionOf(one, "Ready") === "True");
    const [first, other] = [
      addCall(`${name}-first`, networkConfig(name)),
      addCall(`${name}-other`, networkConfig(name)),
    ];
    await cluster.untilDone("n1", first);
    const releasedAtMs = performance.now();
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(first)));
    expect(errorOf(await callPlugin(cluster.node("n2").socketPath, other)).code).toBe(101);
    await cluster.untilDone("n1", other);
    expect(performance.now() - releasedAtMs).toBeGreaterThan(3_000);
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(other)));
    const isGone = async (): Promise<true | undefined> =>
      (await listLeases(cluster.controlPlane)).some(({ spec }) => spec.pool === name) ? undefined : true;
    await waitFor(isGone, { what: "the last lease to go", timeoutMs: SOON_MS });
    expect(await cluster.replica.metric("kept_leases_ended_total")).toBeGreaterThanOrEqual(2);
  });

  it("a retained address comes back to its pod on another node, and the pool shows it kept meanwhile", async () => {
    const retain = { policy: "Always", seconds: 600 } as const;
    const name = await cluster.pool({ ranges: [{ subnet: networkOf(8).subnet }], retain });
    await cluster.untilStatus(name, (one) => conditionOf(one, "Ready") === "True");
    const add = addCall(`${name}-web-0`, networkConfig(name));
    const before = addressesOf(await cluster.untilDone("n1", add));
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(add)));
    await cluster.untilStatus(name, ({ kept, used }) => kept === "1" && used === "0");
    const again = { ...add, containerId: `${add.containerId?.slice(0, 60)}-two` };
    expect(addressesOf(await cluster.untilDone("n2", again))).toEqual(before);
    await cluster.untilStatus(name, ({ kept, used }) => kept === "0" && used === "1");
  });
});
