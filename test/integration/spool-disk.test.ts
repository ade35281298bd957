import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callAgent, cniEnvironment, pluginEnvironment, SEARCH_PATH } from "./src/cni-call.ts";
import { runCommand } from "./src/command.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, waitForNoLeases } from "./src/stored-objects.ts";
import { toolPath } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "disk", type: "macvlan", ipam: { type: "cluster-ipam" } };
const RELEASE_TIMEOUT_MS = 45_000;
const LOG_TIMEOUT_MS = 15_000;
const NOT_SPOOLED = "release could not be spooled";

/** Runs what comes behind it in a mount namespace of its own, with a disk of 16 KiB at `folder`. */
function onSmallDisk(folder: string, first: string): readonly string[] {
  const script = `mount -t tmpfs -o size=16k,mode=700 tmpfs "$0" && mkdir "$0/spool" && ${first} && exec "$@"`;
  return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script, folder];
}

describe("S15: a node whose spool cannot be written to", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;
  /** The state folder as the agent sees it. */
  let state: string;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await createPool(cluster.controlPlane, "disk", { ranges: [{ subnet: "10.73.0.0/24" }] });
    node = cluster.node("n1");
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    await node.startAgent({ wrapper: onSmallDisk(node.stateFolder, "true") });
    state = `/proc/${node.agent.pid}/root${node.stateFolder}`;
    return () => node.agent.kill();
  });

  it.each([
    { how: "full", spoil: fill, code: "ENOSPC", mend: () => rm(join(state, "ballast")) },
    { how: "read-only", spoil: () => remount("ro"), code: "EROFS", mend: () => remount("rw") },
  ])(
    "$how: a DEL succeeds while the API server is away, is told, and is made later",
    async ({ how, spoil, code, mend }) => {
      const calls = ["first", "second"].map((name) => addCall(`${how} ${name}`, NETWORK));
      for (const call of calls) resultOf(await callAgent(node.socketPath, call));
      await spoil();
      await cluster.controlPlane.server.kill();
      const [first, second] = calls.map(delCall);
      if (first === undefined || second === undefined) throw new Error("two calls were made");
      expect(await callAgent(node.socketPath, first)).toMatchObject({ kind: "success", stdout: "" });
      await untilLogged(NOT_SPOOLED);
      expect(await node.agent.log()).toContain(code);
      expect(await spooled()).toEqual([]);

      await mend();
      expect(await callAgent(node.socketPath, second)).toMatchObject({ kind: "success", stdout: "" });
      expect(await spooled()).toHaveLength(1);
      await cluster.controlPlane.server.restart();
      await waitForNoLeases(cluster.controlPlane, RELEASE_TIMEOUT_MS);
    },
  );

  it("full: a DEL of the plugin succeeds while the agent is away, and says on standard error what is lost", async () => {
    const call = addCall("plugin alone", NETWORK);
    resultOf(await callAgent(node.socketPath, call));
    await node.agent.kill();
    const ballast = 'head -c 65536 /dev/zero > "$0/ballast" 2>/dev/null || true';
    const argv = [...onSmallDisk(node.stateFolder, ballast), toolPath("cluster-ipam")];
    const { exitCode, stdout, stderr } = await runCommand(argv, {
      env: { PATH: SEARCH_PATH, ...pluginEnvironment(node.socketPath), ...cniEnvironment(delCall(call)) },
      input: JSON.stringify(NETWORK),
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(stderr).toContain("cannot be spooled");
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(1);

    await node.startAgent();
    resultOf(await callAgent(node.socketPath, delCall(call)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  async function fill(): Promise<void> {
    await expect(writeFile(join(state, "ballast"), Buffer.alloc(65_536))).rejects.toThrow("ENOSPC");
  }

  async function remount(how: "ro" | "rw"): Promise<void> {
    const argv = [
      "nsenter",
      `--mount=/proc/${node.agent.pid}/ns/mnt`,
      "mount",
      "-o",
      `remount,${how}`,
      node.stateFolder,
    ];
    expect(await runCommand(argv, { env: { PATH: SEARCH_PATH } })).toMatchObject({ exitCode: 0 });
  }

  async function spooled(): Promise<readonly string[]> {
    return await readdir(join(state, "spool")).catch(() => []);
  }

  async function untilLogged(words: string): Promise<void> {
    const isLogged = async (): Promise<true | undefined> =>
      (await node.agent.log()).includes(words) ? true : undefined;
    await waitFor(isLogged, { what: `the agent's log to say "${words}"`, timeoutMs: LOG_TIMEOUT_MS });
  }
});
