import { API_PATH, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { addCall } from "./src/ipam-calls.ts";
import { LocalAgent } from "./src/local-agent.ts";
import { Run } from "./src/run.ts";
import { blockNodes } from "./src/stored-blocks.ts";
import { createLease, createPool, deleteLease } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "lab", type: "macvlan", ipam: { type: "cluster-ipam" } };
const MINUTE_MS = 60_000;

let run: Run;
let controlPlane: ControlPlane;
let first: LocalAgent;
let second: LocalAgent;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run, { isGuarded: true, nodes: ["n1", "n2"] });
  const ranges = [{ subnet: "10.84.0.0/29" }];
  await createPool(controlPlane, "lab", { ranges, nodeBlocks: { prefixLength: 30 }, strategy: "Sequential" });
  first = await LocalAgent.start(run, controlPlane, { node: "n1", mode: "off" });
  second = await LocalAgent.start(run, controlPlane, { node: "n2", mode: "off" });
});
afterAll(() => run?.close());

function nodes(): Promise<readonly string[]> {
  return blockNodes(controlPlane, "lab");
}

/** Lets minutes pass for the agent until something is so: it looks at its blocks once a minute. */
async function passUntil(agent: LocalAgent, what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const isSoByNow = async (): Promise<true | undefined> => {
    agent.clock.leap(MINUTE_MS);
    return (await isSo()) ? true : undefined;
  };
  await waitFor(isSoByNow, { what, timeoutMs: 30_000, intervalMs: 20 });
}

/** Waits until these nodes have a block each. */
function passUntilBlocks(agent: LocalAgent, expected: readonly string[]): Promise<void> {
  const isSo = async (): Promise<boolean> => (await nodes()).join() === expected.join();
  return passUntil(agent, `the blocks of ${expected.join(", ")} alone`, isSo);
}

describe("S9: a block that nobody uses", () => {
  it("S9: goes back, and the node that was told that the pool is full gets it", async () => {
    for (const number of [1, 2, 3, 4]) await first.call(addCall(`web-${number}`, NETWORK));
    expect(await nodes()).toEqual(["n1", "n1"]);
    await expect(second.call(addCall("other", NETWORK))).rejects.toMatchObject({
      code: "pool-exhausted",
      message: expect.stringContaining("has no block for this node"),
    });
    await first.releaseAll();
    await first.call(addCall("web-1", NETWORK));
    await passUntilBlocks(first, ["n1"]);
    expect(await second.call(addCall("other", NETWORK))).toHaveLength(1);
    expect(await nodes()).toEqual(["n1", "n2"]);
  });

  it("S9: stays while there is a lease of the pool in it that the node knows nothing of", async () => {
    await first.releaseAll();
    const address = (await freeAddress()) ?? "";
    await createLease(controlPlane, { address, pool: "lab", reserved: { reason: "printer" } });
    const before = first.requests.length;
    const isAsked = (): boolean => first.requests.slice(before).includes(`GET ${API_PATH}/${LEASE_RESOURCE}`);
    await passUntil(first, "a look for leases in the block", isAsked);
    expect(await nodes()).toEqual(["n1", "n2"]);
    await deleteLease(controlPlane, address);
    await passUntilBlocks(first, ["n2"]);
  });

  it("S9: a node without blocks asks nothing, however long", async () => {
    const before = first.requests.length;
    let minutes = 0;
    await passUntil(first, "half an hour to pass", () => (minutes += 1) > 30);
    expect(first.requests.slice(before)).toEqual([]);
  });

  /** An address of the block that n1 has. */
  async function freeAddress(): Promise<string | undefined> {
    const [address] = await first.call(addCall("probe", NETWORK));
    await first.releaseAll();
    return address;
  }
});
