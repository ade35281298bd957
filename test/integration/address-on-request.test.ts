import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { type CniCall, callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { type AttachOptions, addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import type { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses } from "./src/stored-objects.ts";

/** A pool of two addresses for everybody and four on request, of one family. */
interface Plan {
  readonly pool: string;
  readonly strategy: "Spread" | "Sequential";
  readonly subnet: string;
  /** An address of the subnet by its last part, as text. */
  readonly at: (last: number) => string;
}

const FIRST_ANY = 10;
const LAST_ANY = 11;
const FIRST_ON_REQUEST = 20;
const LAST_ON_REQUEST = 23;

const PLANS: readonly Plan[] = (["Spread", "Sequential"] as const).flatMap((strategy, index) => {
  const [v4, v6] = [`172.16.${index + 1}.`, `fd00:${index + 1}::`];
  const pool = strategy.toLowerCase();
  return [
    { pool: `${pool}-4`, strategy, subnet: `${v4}0/24`, at: (last: number) => `${v4}${last}` },
    { pool: `${pool}-6`, strategy, subnet: `${v6}/64`, at: (last: number) => `${v6}${last}` },
  ];
});

/** Of strategy Index: numbers 0 to 3 in both families, 2 of them on request, and two addresses on request beside those. */
const COUNTED = "counted";

function network(name: string): NetworkConfig {
  const ipam = { type: "cluster-ipam" };
  return { cniVersion: "1.0.0", name, type: "macvlan", master: "eth1", capabilities: { ips: true }, ipam };
}

async function makePools({ controlPlane }: SimulatedCluster): Promise<void> {
  for (const { pool, strategy, subnet, at } of PLANS) {
    const ranges = [
      { subnet, start: at(FIRST_ANY), end: at(LAST_ANY) },
      { subnet, start: at(FIRST_ON_REQUEST), end: at(LAST_ON_REQUEST), assign: "OnRequest" },
    ] as const;
    await createPool(controlPlane, pool, { ranges, strategy });
  }
  const counted = ["172.16.9.", "fd00:9::"].flatMap((prefix) => {
    const subnet = prefix.endsWith(".") ? `${prefix}0/24` : `${prefix}/64`;
    return [
      { subnet, start: `${prefix}30`, end: `${prefix}33` },
      { subnet, start: `${prefix}32`, end: `${prefix}32`, assign: "OnRequest" },
      { subnet, start: `${prefix}40`, end: `${prefix}41`, assign: "OnRequest" },
    ] as const;
  });
  await createPool(controlPlane, COUNTED, { ranges: counted, strategy: "Index" });
}

describe("addresses that only those get who ask for one", () => {
  const cluster = useCluster(["n1", "n2"], { prepare: makePools });

  function asking(name: string, pool: string, ...ips: readonly string[]): CniCall {
    return addCall(name, { ...network(pool), runtimeConfig: { ips } });
  }

  async function addressesFor(node: SimulatedNode, call: CniCall): Promise<readonly string[]> {
    return addressesOf(resultOf(await callPlugin(node.socketPath, call)));
  }

  async function release(calls: readonly CniCall[]): Promise<void> {
    for (const call of calls) resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  }

  it.each(PLANS)(
    "S3: $pool is full when the others are taken, says which are on request, and gives one that is asked for",
    async (plan) => {
      const { pool, subnet, at } = plan;
      const everybody = ["web-a", "web-b"].map((name) => addCall(name, network(pool)));
      const given: string[] = [];
      for (const call of everybody) given.push(...(await addressesFor(cluster.n1, call)));
      expect(given.toSorted()).toEqual([at(FIRST_ANY), at(LAST_ANY)]);

      const late = addCall("web-c", network(pool));
      for (const node of [cluster.n1, cluster.n2]) {
        expect(errorOf(await callPlugin(node.socketPath, late))).toMatchObject({
          code: 101,
          msg:
            `pool ${pool} is full: 2 used of a capacity of 2 (${at(FIRST_ANY)}-${at(LAST_ANY)} of ${subnet}, ` +
            `${at(FIRST_ON_REQUEST)}-${at(LAST_ON_REQUEST)} of ${subnet} on request only)`,
        });
      }
      expect(await leasedAddresses(cluster.controlPlane)).toEqual(given.toSorted());

      const fixed = { ...late, config: { ...network(pool), runtimeConfig: { ips: [at(FIRST_ON_REQUEST)] } } };
      expect(await addressesFor(cluster.n1, fixed)).toEqual([at(FIRST_ON_REQUEST)]);
      await release([...everybody, fixed]);
    },
  );

  it.each(PLANS)(
    "one of $pool is refused to a second pod that asks for it, and to nobody once it is free",
    async ({ pool, at }) => {
      const address = at(LAST_ON_REQUEST);
      const [first, second] = [asking("db-0", pool, address), asking("db-1", pool, address)];
      expect(await addressesFor(cluster.n1, first)).toEqual([address]);
      const error = errorOf(await callPlugin(cluster.n2.socketPath, second));
      expect(error).toMatchObject({
        code: 102,
        msg: expect.stringContaining(`${address} is held by pod default/db-0`),
      });
      await release([first]);
      expect(await addressesFor(cluster.n2, second)).toEqual([address]);
      resultOf(await callPlugin(cluster.n2.socketPath, delCall(second)));
    },
  );

  it.each(PLANS)("one between the ranges of $pool is in none of them, for whoever asks", async ({ pool, at }) => {
    const address = at(LAST_ON_REQUEST + 1);
    const error = errorOf(await callPlugin(cluster.n1.socketPath, asking("db-0", pool, address)));
    expect(error).toMatchObject({
      code: 103,
      msg: expect.stringContaining(`${address} is in no range of the network`),
    });
  });

  const ways: readonly { readonly how: string; readonly options: (address: string) => AttachOptions }[] = [
    { how: "the ips capability", options: (address) => ({ capabilityArgs: { ips: [address] } }) },
    { how: "IP in CNI_ARGS", options: (address) => ({ args: { IP: address } }) },
  ];
  it.each(ways.flatMap((way) => PLANS.slice(0, 2).map(({ pool, subnet, at }) => ({ ...way, pool, subnet, at }))))(
    "S3: macvlan gets the address of $pool that is asked for through $how, and does not keep it",
    async ({ options, pool, subnet, at }) => {
      const address = at(FIRST_ON_REQUEST + 1);
      const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
      expect(addressesOf(await pod.attach(network(pool), options(address)))).toEqual([address]);
      expect((await readInterface(pod.namespace, "net1")).addresses).toEqual([`${address}/${subnet.split("/")[1]}`]);
      await pod.check(network(pool), options(address));
      await pod.detach(network(pool), options(address));
      // The pod's next call asks for nothing.
      const [next = ""] = addressesOf(await pod.attach(network(pool)));
      expect([at(FIRST_ANY), at(LAST_ANY)]).toContain(next);
      await pod.detach(network(pool));
    },
  );

  it("strategy Index never comes to one by a pod's number, and gives it to the pod that asks for it", async () => {
    const counted = [0, 1, 3].map((number) => addCall(`db-${number}`, network(COUNTED)));
    const given: string[] = [];
    for (const call of counted) given.push(...(await addressesFor(cluster.n1, call)));
    expect(given).toEqual([30, 31, 33].flatMap((last) => [`172.16.9.${last}`, `fd00:9::${last}`]));

    const cut = errorOf(await callPlugin(cluster.n1.socketPath, addCall("db-2", network(COUNTED))));
    expect(cut.code).toBe(104);
    expect(cut.msg).toContain("index 2, from the name of pod default/db-2, is 172.16.9.32, which is");
    expect(cut.msg).toContain("172.16.9.32-172.16.9.32 of 172.16.9.0/24 on request only");
    const past = errorOf(await callPlugin(cluster.n1.socketPath, addCall("db-4", network(COUNTED))));
    expect(past).toMatchObject({ code: 104, msg: expect.stringContaining("lies past the ranges") });

    for (const last of [32, 41]) {
      const wanted = [`172.16.9.${last}`, `fd00:9::${last}`];
      const call = asking("db-2", COUNTED, ...wanted);
      expect(await addressesFor(cluster.n2, call)).toEqual(wanted);
      resultOf(await callPlugin(cluster.n2.socketPath, delCall(call)));
    }
    await release(counted);
  });
});
