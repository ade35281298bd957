import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callAgent, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, removeLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = {
  cniVersion: "1.0.0",
  name: "watched",
  type: "macvlan",
  token: "hunter2",
  ipam: { type: "cluster-ipam" },
};
const PREFIX = "cluster_ipam_agent_";
const PORT = 9_808;
const TIMEOUT_MS = 30_000;
/** Longer than a switch of the trace takes to be noticed. */
const NOTICED_MS = 5_000;

/** Fetches a page from within the node. */
const FETCH = `
  fetch(process.argv[1])
    .then(async (answer) => ({ status: answer.status, text: await answer.text() }))
    .then((page) => process.stdout.write(JSON.stringify(page)));
`;

/** A probe that finds nothing wrong. */
const WELL = /^ok\n$/;

interface Page {
  readonly status: number;
  readonly text: string;
}

describe("what an agent tells of itself", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;
  let calls = 0;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await createPool(cluster.controlPlane, "watched", { ranges: [{ subnet: "10.71.0.0/24" }] });
    node = cluster.node("n1");
    await node.startAgent({ flags: [`--metrics-address=127.0.0.1:${PORT}`] });
  });
  afterAll(() => cluster.close());

  it("counts calls, requests, conflicts and leases for Prometheus", async () => {
    const before = await metrics();
    resultOf(await callAgent(node.socketPath, addCall("counted", NETWORK)));
    await callAgent(node.socketPath, {
      ...addCall("refused", NETWORK),
      config: { ...NETWORK, ipam: { type: "cluster-ipam", subnet: "x" } },
    });
    const after = await metrics();
    const grown = (series: string): number => (after.get(PREFIX + series) ?? 0) - (before.get(PREFIX + series) ?? 0);
    expect(grown('calls_total{command="ADD",code="0"}')).toBe(1);
    expect(grown('calls_total{command="ADD",code="7"}')).toBe(1);
    expect(grown('call_duration_seconds_count{command="ADD"}')).toBe(2);
    expect(grown('apiserver_requests_total{method="POST",status="201"}')).toBe(1);
    expect(grown("add_conflicts_count")).toBe(1);
    expect(grown("leases")).toBe(1);
    expect(after.get(`${PREFIX}leases_loaded`)).toBe(1);
    expect(after.get("process_resident_memory_bytes")).toBeGreaterThan(0);
    await callAgent(node.socketPath, delCall(addCall("counted", NETWORK)));
  });

  it("names no address, pod, path or container in any series", async () => {
    const [address = ""] = addressesOf(resultOf(await callAgent(node.socketPath, addCall("nameless", NETWORK))));
    const { text } = await page("/metrics");
    for (const secret of ["nameless", "watched", address, "/apis/", node.socketPath])
      expect(text).not.toContain(secret);
    await callAgent(node.socketPath, delCall(addCall("nameless", NETWORK)));
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("is live and ready, not ready with a spool that takes no file, and not live when it is deaf", async () => {
    await expectPage("/livez", WELL);
    await expectPage("/readyz", WELL);
    const spool = join(node.stateFolder, "spool");
    await rename(spool, `${spool}.away`);
    await writeFile(spool, "");
    await expectPage("/readyz", /^the spool cannot be written/);
    await rm(spool);
    await rename(`${spool}.away`, spool);
    await expectPage("/readyz", WELL);

    // Replaced in one step: a socket that is missing the agent makes again, whenever it looks.
    const [own, other] = [`${node.socketPath}.own`, `${node.socketPath}.other`];
    await link(node.socketPath, own);
    const stranger = createServer((_request, response) => response.end("{}"));
    await new Promise<void>((resolve) => stranger.listen(other, resolve));
    await rename(other, node.socketPath);
    await expectPage("/livez", /^another process answers/);
    stranger.close();
    await expectPage("/livez", /^this process cannot be reached/);
    await rename(own, node.socketPath);
    await expectPage("/livez", WELL);
    await expectPage("/readyz", WELL);
  });

  it("makes its socket again when that was removed, and serves calls through it", async () => {
    await rm(node.socketPath);
    const isHealthy = async (): Promise<true | undefined> => ((await node.isHealthy()) ? true : undefined);
    await waitFor(isHealthy, waiting("the agent to be healthy"));
    await expectPage("/livez", WELL);
    const call = addCall("healed", NETWORK);
    resultOf(await callPlugin(node.socketPath, call));
    expect(await callPlugin(node.socketPath, delCall(call))).toMatchObject({ kind: "success" });
  });

  it("traces calls while the control file is there, and what they asked of the API server", async () => {
    const control = join(node.stateFolder, "trace.on");
    const trace = join(node.stateFolder, "trace.jsonl");
    const call = addCall("traced", NETWORK);
    await writeFile(control, "");
    const add = await untilTraced(trace, async () => resultOf(await callPlugin(node.socketPath, call)));
    expect(add).toMatchObject({
      node: "n1",
      by: "agent",
      command: "ADD",
      containerId: call.containerId,
      exitCode: 0,
      env: { CNI_COMMAND: "ADD", CNI_NETNS: call.netns },
      stdin: { ...NETWORK, token: "(hidden)" },
      stdout: expect.stringContaining('"address":"10.71.0.'),
    });
    const repeated = await traced(trace, call);
    expect(repeated).toMatchObject({ requestCount: expect.any(Number), conflicts: 0 });
    const path = expect.stringMatching(/^\/apis\/cluster-ipam\.io\/v1alpha1\/ipleases\/10\.71\.0\.\d+$/);
    // On a slow machine the pool may be read again, too.
    const ofLeases = (repeated["requests"] as { path: string }[]).filter((request) =>
      request.path.includes("/ipleases/"),
    );
    expect(ofLeases).toEqual([
      { method: "GET", path, status: 200, durationMs: expect.any(Number) },
      { method: "PUT", path, status: 200, durationMs: expect.any(Number) },
    ]);

    await callPlugin(node.socketPath, { ...call, command: "VERSION" });
    const version = (await linesOf(trace)).find((line) => line.includes('"command":"VERSION"')) ?? "";
    expect(JSON.parse(version)).toMatchObject({ by: "plugin", exitCode: 0 });
    expect(await readFile(trace, "utf8")).not.toContain("hunter2");

    await rm(control);
    await untilUntraced(trace, () => callAgent(node.socketPath, delCall(call)));
  });

  it("traces from its start with a flag, and calls that find no agent", async () => {
    await node.agent.kill();
    const trace = join(node.stateFolder, "flagged.jsonl");
    await node.startAgent({ flags: [`--trace-file=${trace}`] });
    const call = addCall("flagged", NETWORK);
    expect(await traced(trace, call)).toMatchObject({ by: "agent", exitCode: 0 });
    await node.agent.kill();
    const del = await traced(trace, delCall(call));
    expect(del).toMatchObject({ by: "plugin", command: "DEL", exitCode: 0, stdout: "" });
    await node.startAgent();
    expect((await readFile(trace, "utf8")).trimEnd().split("\n")).toHaveLength(2);
    await callAgent(node.socketPath, delCall(call));
    expect((await readFile(trace, "utf8")).trimEnd().split("\n")).toHaveLength(2);
  });

  /** Waits until a probe says so: on a busy machine it may run into its own deadline before. */
  async function expectPage(path: string, text: RegExp): Promise<void> {
    const status = text === WELL ? 200 : 503;
    const isSo = async (): Promise<true | undefined> => {
      const found = await page(path);
      return found.status === status && text.test(found.text) ? true : undefined;
    };
    await waitFor(isSo, waiting(`${path} to say ${text.source}`));
  }

  async function page(path: string): Promise<Page> {
    const argv = [process.execPath, "--eval", FETCH, `http://127.0.0.1:${PORT}${path}`];
    const { stdout } = await node.namespace.exec(argv, { timeoutMs: TIMEOUT_MS });
    return JSON.parse(stdout) as Page;
  }

  async function metrics(): Promise<ReadonlyMap<string, number>> {
    const { status, text } = await page("/metrics");
    expect(status).toBe(200);
    const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(samples.map((line) => [line.replace(/ \S+$/, ""), Number(line.split(" ").at(-1))]));
  }

  async function linesOf(trace: string): Promise<readonly string[]> {
    return (await readFile(trace, "utf8").catch(() => "")).split("\n").slice(0, -1);
  }

  /** The line that a call left, which may come after its answer; the call's network says which it is. */
  async function traced(trace: string, call: CniCall): Promise<Readonly<Record<string, unknown>>> {
    calls += 1;
    const mark = `call-${calls}`;
    await callPlugin(node.socketPath, { ...call, config: { ...NETWORK, mark } });
    const isOfCall = (line: string): boolean => line.includes(`"mark":"${mark}"`);
    return JSON.parse(await waitFor(async () => (await linesOf(trace)).find(isOfCall), waiting("the call's line")));
  }

  /** Calls until a call leaves a line. */
  async function untilTraced(trace: string, call: () => Promise<unknown>): Promise<Readonly<Record<string, unknown>>> {
    const attempt = async (): Promise<string | undefined> => {
      await call();
      return (await linesOf(trace))[0];
    };
    return JSON.parse(await waitFor(attempt, { ...waiting("the first line"), intervalMs: 500 }));
  }

  /** Calls until a call leaves no line. */
  async function untilUntraced(trace: string, call: () => Promise<unknown>): Promise<void> {
    const attempt = async (): Promise<true | undefined> => {
      const before = (await linesOf(trace)).length;
      await call();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return (await linesOf(trace)).length === before ? true : undefined;
    };
    await waitFor(attempt, { ...waiting("a call without a line"), timeoutMs: NOTICED_MS + TIMEOUT_MS });
  }

  function waiting(what: string): { readonly what: string; readonly timeoutMs: number } {
    return { what, timeoutMs: TIMEOUT_MS };
  }
});
