import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addOf, KeepingCluster, keepingNetwork } from "./src/keeping-cluster.ts";
import { kubectl } from "./src/kubectl.ts";
import { createPool, leasedAddresses, removeLeases } from "./src/stored-objects.ts";

const FAMILIES = [
  {
    family: "IPv4",
    cooling: keepingNetwork("cooling-4", "10.51.0.0/24"),
    unwatched: keepingNetwork("unwatched-4", "10.53.0.0/24"),
  },
  {
    family: "IPv6",
    cooling: keepingNetwork("cooling-6", "fd00:51::/64"),
    unwatched: keepingNetwork("unwatched-6", "fd00:53::/64"),
  },
] as const;

let cluster: KeepingCluster;

beforeAll(async () => {
  cluster = await KeepingCluster.start();
  for (const { cooling } of FAMILIES) await cluster.pool(cooling, { coolDownSeconds: 30 });
});
afterAll(() => cluster?.close());
afterEach(() => removeLeases(cluster.controlPlane));

describe.each(FAMILIES)("$family addresses that cool down", ({ cooling, unwatched }) => {
  it("an address that cools down is nobody's for that time, but for the pod that had it", async () => {
    const call = addOf("cool", cooling, [cooling.addresses.at(9)]);
    resultOf(await callPlugin(cluster.n1.socketPath, call));
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
    const other = addOf("other", cooling, [cooling.addresses.at(9)]);
    const error = errorOf(await callPlugin(cluster.n2.socketPath, other));
    expect(error).toMatchObject({ code: 102, msg: expect.stringContaining("kept for pod default/cool") });

    const again = addOf("cool", cooling, [cooling.addresses.at(9)]);
    resultOf(await callPlugin(cluster.n2.socketPath, again));
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(again)));
    expect(await cluster.controller.lookAfter(30_000)).toEqual([cooling.addresses.nameAt(9)]);
    resultOf(await callPlugin(cluster.n2.socketPath, other));
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(other)));
  });

  it("an address without a pod cools down, and is refused as such", async () => {
    const call = { ...addOf("nobody", cooling, [cooling.addresses.at(10)]), pod: undefined };
    resultOf(await callPlugin(cluster.n1.socketPath, call));
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
    const error = errorOf(await callPlugin(cluster.n1.socketPath, addOf("other", cooling, [cooling.addresses.at(10)])));
    expect(error).toMatchObject({ code: 102, msg: expect.stringContaining("held by nobody, but cooling down since ") });
  });

  it("a pool that no controller has looked at is refused with what to do, and serves as soon as one has", async () => {
    const { name } = unwatched.config;
    const ranges = [{ subnet: unwatched.addresses.subnet }];
    await createPool(cluster.controlPlane, name, { ranges, coolDownSeconds: 30 });
    const call = addCall("early", unwatched.config);
    const error = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect(error.code).toBe(7);
    expect(error.msg).toContain(`pool ${name}: spec.coolDownSeconds is 30, and no controller has looked at the pool`);
    expect(error.msg).toContain("start the controller, or remove the field");
    await cluster.controller.markReady(name);
    resultOf(await callPlugin(cluster.n2.socketPath, call));
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(call)));
  });

  it("the command that a refusal names frees an address before its time, and it alone", async () => {
    const [call, neighbour] = [11, 12].map((number) =>
      addOf(`held-${number}`, cooling, [cooling.addresses.at(number)]),
    );
    if (call === undefined || neighbour === undefined) throw new Error("no calls");
    for (const each of [call, neighbour]) {
      resultOf(await callPlugin(cluster.n1.socketPath, each));
      resultOf(await callPlugin(cluster.n1.socketPath, delCall(each)));
    }
    const other = addOf("waits", cooling, [cooling.addresses.at(11)]);
    const { msg } = errorOf(await callPlugin(cluster.n2.socketPath, other));
    const [, command = "no command"] = /: kubectl (.*) frees it/.exec(msg) ?? [];
    const { run } = cluster.cluster;
    expect(await kubectl(run, cluster.controlPlane, command.split(" "))).toMatchObject({ exitCode: 0 });
    resultOf(await callPlugin(cluster.n2.socketPath, other));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(
      [11, 12].map((n) => cooling.addresses.at(n)).toSorted(),
    );
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(other)));
  });
});
