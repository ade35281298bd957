import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  test("when it is told to, while it waits for an API server that is away", async () => {
    const agent = start(...flags({ "log-level": "debug" }));
    const ending = ended(agent);
    await once(agent.stderr ?? agent, "data");
    agent.kill("SIGTERM");
    expect((await ending).status).toBe(0);
  });
});
