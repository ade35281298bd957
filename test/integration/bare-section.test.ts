import { DEFAULT_POOL_ANNOTATION } from "@cluster-ipam/api";
import { afterEach, describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { type CniOutcome, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { createPool, deletePool, leasedAddresses, listLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const DEFAULT = { [DEFAULT_POOL_ANNOTATION]: "true" };

/** Longer than an agent trusts a pool that it has read. */
const POOL_TRUST_MS = 15_000;

function bare(name: string): NetworkConfig {
  return { cniVersion: "1.0.0", name, type: "macvlan", master: "eth1", ipam: { type: "cluster-ipam" } };
}

describe("S2: an ipam section with nothing but its type", () => {
  const cluster = useCluster(["n1", "n2"]);
  afterEach(async () => {
    for (const pool of ["blue", "plain", "other"]) await deletePool(cluster.controlPlane, pool);
  });

  it("S2: without any pool the error says how to make one, and the next ADD finds it", async () => {
    const call = addCall("waits-for-a-pool", bare("blue"));
    const { code, msg } = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect(code).toBe(100);
    expect(msg).toContain('no pool for network "blue": create an IPPool named "blue"');
    expect(msg).toContain(`${DEFAULT_POOL_ANNOTATION}=true`);

    await createPool(cluster.controlPlane, "blue", { ranges: [{ subnet: "10.2.0.0/24" }] });
    expect(addressesOf(resultOf(await callPlugin(cluster.n1.socketPath, call)))[0]).toMatch(/^10\.2\.0\./);
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });

  it("S2: macvlan gets an address of the pool named as the network, rather than of the default pool", async () => {
    await createPool(cluster.controlPlane, "blue", { ranges: [{ subnet: "10.2.1.0/24", gateway: "10.2.1.1" }] });
    await createPool(cluster.controlPlane, "plain", { ranges: [{ subnet: "10.2.2.0/24" }] }, DEFAULT);
    const pod = await PodSandbox.create(cluster.n2, { namespace: "default", name: "web-0" });

    const result = await pod.attach(bare("blue"));
    expect(result.ips).toMatchObject([{ address: expect.stringMatching(/^10\.2\.1\.\d+\/24$/), gateway: "10.2.1.1" }]);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.pool)).toEqual(["blue"]);

    await pod.detach(bare("blue"));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("S2: a network without a pool of its own gets an address, the routes and the DNS of the default pool", async () => {
    await createPool(
      cluster.controlPlane,
      "plain",
      { ranges: [{ subnet: "10.2.3.0/24" }], routes: [{ dst: "10.9.0.0/16" }], dns: { nameservers: ["10.2.3.53"] } },
      DEFAULT,
    );
    const call = addCall("uses-the-default", bare("green"));
    const result = await untilServed(() => callPlugin(cluster.n2.socketPath, call));
    expect(addressesOf(result)[0]).toMatch(/^10\.2\.3\./);
    expect(result).toMatchObject({ routes: [{ dst: "10.9.0.0/16" }], dns: { nameservers: ["10.2.3.53"] } });
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(call)));
  });

  it("S2: two default pools are an error that names both", async () => {
    await createPool(cluster.controlPlane, "plain", { ranges: [{ subnet: "10.2.4.0/24" }] }, DEFAULT);
    await createPool(cluster.controlPlane, "other", { ranges: [{ subnet: "10.2.5.0/24" }] }, DEFAULT);
    const call = addCall("cannot-choose", bare("red"));
    const { code, msg } = await waitFor(
      async () => {
        const outcome = await callPlugin(cluster.n1.socketPath, call);
        return outcome.kind === "failure" && outcome.error.code !== 100 ? outcome.error : undefined;
      },
      { what: "the agent to see both pools", timeoutMs: POOL_TRUST_MS },
    );
    expect(code).toBe(7);
    expect(msg).toMatch(/pools (plain and other|other and plain) both/);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("S2: a deleted pool gives nothing any more, and its leases can still be released", async () => {
    await createPool(cluster.controlPlane, "blue", { ranges: [{ subnet: "10.2.6.0/24" }] });
    const before = addCall("came-before", bare("blue"));
    const result = await untilServed(() => callPlugin(cluster.n1.socketPath, before));
    await deletePool(cluster.controlPlane, "blue");

    const after = addCall("came-after", { ...bare("blue"), ipam: { type: "cluster-ipam", pool: "blue" } });
    const error = await waitFor(
      async () => {
        const outcome = await callPlugin(cluster.n1.socketPath, after);
        if (outcome.kind === "failure") return outcome.error;
        resultOf(await callPlugin(cluster.n1.socketPath, delCall(after)));
        return undefined;
      },
      { what: "the agent to notice that the pool is gone", timeoutMs: POOL_TRUST_MS },
    );
    expect(error).toMatchObject({ code: 100, msg: expect.stringContaining('the pool "blue", which does not exist') });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addressesOf(result));

    resultOf(await callPlugin(cluster.n1.socketPath, delCall(before)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });
});

/** What the agent answers once it has forgotten the pools of the test before. */
async function untilServed(call: () => Promise<CniOutcome>): Promise<ReturnType<typeof resultOf>> {
  return await waitFor(
    async () => {
      const outcome = await call();
      return outcome.kind === "success" ? resultOf(outcome) : undefined;
    },
    { what: "the ADD to be served", timeoutMs: POOL_TRUST_MS },
  );
}
