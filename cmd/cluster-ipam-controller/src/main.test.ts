import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OPTIONS } from "./config.ts";
import { VERSION } from "./version.ts";

const EXIT_USAGE = 64;

let folder: string;
let kubeconfig: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-controller-"));
  kubeconfig = join(folder, "kubeconfig");
  // Nobody listens on the discard port: the controller has to live with an API server that is away.
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
  for (const controller of started.splice(0)) controller.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: readonly string[]): ChildProcess {
  const program = ["--conditions=@cluster-ipam/source", join(import.meta.dirname, "main.ts")];
  const controller = spawn(process.execPath, [...program, ...args], { env: {}, stdio: ["ignore", "pipe", "pipe"] });
  started.push(controller);
  return controller;
}

async function ended(child: ChildProcess): Promise<{ readonly status: number | null; readonly stderr: string }> {
  const [stderr, [status]] = await Promise.all([text(child.stderr ?? Readable.from([])), once(child, "close")]);
  return { status, stderr };
}

test("the controller tells its flags", async () => {
  const controller = start("--help");
  const [stdout] = await Promise.all([text(controller.stdout ?? Readable.from([])), ended(controller)]);
  for (const flag of Object.keys(OPTIONS)) expect(stdout).toContain(`\n  --${flag} `);
});

test("the version is that of the package", () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
    readonly version: string;
  };
  expect(VERSION).toBe(version);
});

describe("the controller ends by itself, and says why,", () => {
  test("when its command line cannot be used", async () => {
    const { status, stderr } = await ended(start("--identity", ""));
    expect(status).toBe(EXIT_USAGE);
    expect(stderr).toBe('cluster-ipam-controller: --identity is "": expected letters, digits and any of _ . : @ -\n');
  });

  test("when its kubeconfig cannot be read", async () => {
    const { status, stderr } = await ended(start(`--kubeconfig=${join(folder, "missing")}`));
    expect(status).toBe(1);
    expect(stderr).toContain(join(folder, "missing"));
  });

  test("when its metrics cannot be served", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const controller = start(`--kubeconfig=${kubeconfig}`, `--metrics-address=127.0.0.1:${port}`);
    const { status, stderr } = await ended(controller);
    other.close();
    expect(status).toBe(1);
    expect(stderr).toContain(`address already in use 127.0.0.1:${port}`);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("when it gets %s, while the API server is away", async (name) => {
    const controller = start(`--kubeconfig=${kubeconfig}`);
    const ending = ended(controller);
    await once(controller.stderr ?? controller, "data");
    controller.kill(name);
    expect((await ending).status).toBe(0);
  });
});

test("a controller whose API server is away is healthy and not ready, and says so in its metrics", async () => {
  const controller = start(`--kubeconfig=${kubeconfig}`, "--identity=r1", "--metrics-address=127.0.0.1:0");
  const lines = createInterface({ input: controller.stderr ?? Readable.from([]) })[Symbol.asyncIterator]();
  const { port, replica } = await lineWith(lines, "metrics are served");
  expect(replica).toBe("r1");
  const { reason } = await lineWith(lines, "lead could not be got or kept");
  expect(reason).toContain("ECONNREFUSED");
  const get = async (path: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
    return [answer.status, await answer.text()];
  };
  expect(await get("/healthz")).toEqual([200, "ok\n"]);
  expect(await get("/readyz")).toEqual([503, "the Lease of the election has not been read yet\n"]);
  const [status, body] = await get("/metrics");
  expect(status).toBe(200);
  expect(body).toContain("\ncluster_ipam_controller_leading 0\n");
  expect(body).toMatch(/^cluster_ipam_controller_apiserver_requests_total\{method="GET",status="0"\} [1-9]/m);
  expect(body).toMatch(/^process_start_time_seconds /m);
});

/** The next line of the log that has this message. */
async function lineWith(lines: AsyncIterator<string>, msg: string): Promise<Record<string, unknown>> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the log ended before "${msg}"`);
    const line = JSON.parse(value) as Record<string, unknown>;
    if (line["msg"] === msg) return line;
  }
}
