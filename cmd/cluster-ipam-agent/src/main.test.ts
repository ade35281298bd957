import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OPTIONS } from "./config.ts";

const EXIT_USAGE = 64;

let folder: string;
let kubeconfig: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-agent-"));
  kubeconfig = join(folder, "kubeconfig");
  // Nobody listens on the discard port: the agent has to live with an API server that is away.
  const cluster = { name: "c", cluster: { server: "https://127.0.0.1:9" } };
  const context = { name: "x", context: { cluster: "c", user: "u" } };
  const users = [{ name: "u", user: {} }];
  writeFileSync(
    kubeconfig,
    JSON.stringify({ clusters: [cluster], contexts: [context], users, "current-context": "x" }),
  );
});

afterEach(() => {
  // Those that have ended by themselves take no signal any more.
  for (const agent of started.splice(0)) agent.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: readonly string[]): ChildProcess {
  const program = ["--conditions=@cluster-ipam/source", join(import.meta.dirname, "main.ts")];
  const agent = spawn(process.execPath, [...program, ...args], { env: {}, stdio: ["ignore", "pipe", "pipe"] });
  started.push(agent);
  return agent;
}

async function ended(child: ChildProcess): Promise<{ readonly status: number | null; readonly stderr: string }> {
  const [stderr, [status]] = await Promise.all([text(child.stderr ?? Readable.from([])), once(child, "close")]);
  return { status, stderr };
}

function flags(change: Readonly<Record<string, string>> = {}): string[] {
  const values = {
    "node-name": `main-test-${process.pid}`,
    kubeconfig,
    socket: join(folder, "agent.sock"),
    "state-dir": join(folder, "state"),
    ...change,
  };
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

test("the agent tells its flags", async () => {
  const agent = start("--help");
  const [stdout] = await Promise.all([text(agent.stdout ?? Readable.from([])), ended(agent)]);
  for (const flag of Object.keys(OPTIONS)) expect(stdout).toContain(`\n  --${flag} `);
});

describe("the agent ends by itself, and says why,", () => {
  test("when its command line cannot be used", async () => {
    const { status, stderr } = await ended(start("--node-name", ""));
    expect(status).toBe(EXIT_USAGE);
    expect(stderr).toBe(
      'cluster-ipam-agent: --node-name is "": expected the name of the Node object that the agent runs on\n',
    );
  });

  test("when its kubeconfig cannot be read", async () => {
    const { status, stderr } = await ended(start(...flags({ kubeconfig: join(folder, "missing") })));
    expect(status).toBe(1);
    expect(stderr).toContain(join(folder, "missing"));
  });

  test("when it cannot listen, and lets go of its node", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { status, stderr } = await ended(start(...flags({ socket: join(file, "agent.sock") })));
    expect(status).toBe(1);
    expect(stderr).toContain(file);
  });

  test("when its metrics cannot be served", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { status, stderr } = await ended(start(...flags({ "metrics-address": `127.0.0.1:${port}` })));
    other.close();
    expect(status).toBe(1);
    expect(stderr).toContain(`address already in use 127.0.0.1:${port}`);
  });

  test("when it is told to, while it waits for an API server that is away", async () => {
    const agent = start(...flags({ "log-level": "debug" }));
    const ending = ended(agent);
    await once(agent.stderr ?? agent, "data");
    agent.kill("SIGTERM");
    expect((await ending).status).toBe(0);
  });
});

test("an agent whose API server is away is live and not ready, and says so in its metrics", async () => {
  const agent = start(...flags({ "metrics-address": "127.0.0.1:0" }));
  const lines = createInterface({ input: agent.stderr ?? Readable.from([]) })[Symbol.asyncIterator]();
  const port = await fieldOf(lines, "metrics are served", "port");
  await fieldOf(lines, "agent is listening", "socket");
  const get = async (path: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
    return [answer.status, await answer.text()];
  };
  expect(await get("/livez")).toEqual([200, "ok\n"]);
  expect(await get("/readyz")).toEqual([503, "the node's leases have not been read yet\n"]);
  const [status, body] = await get("/metrics");
  expect(status).toBe(200);
  expect(body).toContain("\ncluster_ipam_agent_leases_loaded 0\n");
  expect(body).toMatch(/^cluster_ipam_agent_apiserver_requests_total\{method="GET",status="0"\} [1-9]/m);
});

/** A field of the next line of the log that has this message. */
async function fieldOf(lines: AsyncIterator<string>, msg: string, field: string): Promise<unknown> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the log ended before "${msg}"`);
    const line = JSON.parse(value) as Record<string, unknown>;
    if (line["msg"] === msg) return line[field];
  }
}
