import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { decodeSpooledRelease, type WireRequest } from "@cluster-ipam/cni";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bootTime } from "./boot-time.ts";
import { answering, responseText, ScriptedAgent } from "./testing/scripted-agent.ts";

const ADD = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/x", CNI_IFNAME: "net1" };
const CONFIG = '{"cniVersion":"1.1.0","name":"lan"}';
const RESULT = '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}]}';
const NOWHERE = "/nonexistent/agent.sock";

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

const PLUGIN = ["--conditions=@cluster-ipam/source", join(import.meta.dirname, "main.ts")];

/** Starts the plugin as a runtime does: with the environment given and no other. */
function start(env: Readonly<Record<string, string>>, args: readonly string[] = PLUGIN): ChildProcess {
  return spawn(process.execPath, args, { env, cwd: import.meta.dirname });
}

async function ended(child: ChildProcess, stdin: string = CONFIG): Promise<Ended> {
  const startedAtMs = performance.now();
  child.stdin?.on("error", () => undefined).end(stdin);
  const [stdout, stderr, [status]] = await Promise.all([
    text(outputOf(child.stdout)),
    text(outputOf(child.stderr)),
    once(child, "close"),
  ]);
  return { status, stdout, stderr, tookMs: performance.now() - startedAtMs };
}

function run(env: Readonly<Record<string, string>>, stdin?: string): Promise<Ended> {
  return ended(start(env), stdin);
}

function outputOf(stream: Readable | null): Readable {
  return stream ?? Readable.from([]);
}

function wireOf(agent: ScriptedAgent): WireRequest {
  return JSON.parse(agent.requests[0]?.split("\r\n\r\n")[1] ?? "");
}

describe("an agent that answers", () => {
  test("gives ADD its bytes and nothing more", async () => {
    await using agent = await ScriptedAgent.start(answering(200, RESULT));
    const { status, stdout, stderr } = await run({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path, SECRET: "s" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: RESULT, stderr: "" });
    expect(wireOf(agent)).toEqual({ startedAt: expect.stringMatching(/^\d+$/), env: ADD, stdin: CONFIG });
  });

  test("gives DEL its silence", async () => {
    await using agent = await ScriptedAgent.start(answering(200, ""));
    const env = { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: agent.path };
    expect(await run(env, "{ broken")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(wireOf(agent).stdin).toBe("{ broken");
  });

  test("gives its errors, with exit status 1", async () => {
    const error = '{"cniVersion":"1.1.0","code":101,"msg":"pool lan is full"}';
    await using agent = await ScriptedAgent.start(answering(409, error));
    const outcome = await run({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path });
    expect(outcome).toMatchObject({ status: 1, stdout: error, stderr: "" });
  });

  test("slowly is waited for", async () => {
    await using agent = await ScriptedAgent.start((socket) => {
      setTimeout(() => socket.end(responseText(200, RESULT)), 1500);
    });
    expect(await run({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path })).toMatchObject({ status: 0, stdout: RESULT });
  });

  test("after it has come up late is reached", async () => {
    await using agent = new ScriptedAgent(answering(200, RESULT));
    const outcome = run({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await agent.listen();
    expect(await outcome).toMatchObject({ status: 0, stdout: RESULT });
  });

  test("gets names and text beyond ASCII, and a megabyte of it, unharmed", async () => {
    const stdin = JSON.stringify({ cniVersion: "1.1.0", name: "lan", note: "zażółć 😀\n".repeat(70_000) });
    const result = JSON.stringify({ cniVersion: "1.1.0", dns: { domain: "żółw.example".repeat(80_000) } });
    await using agent = await ScriptedAgent.start(answering(200, result));
    const env = { ...ADD, CNI_IFNAME: "żółw0", CNI_ARGS: "IgnoreUnknown=1;NOTE=😀" };
    const outcome = await run({ ...env, CLUSTER_IPAM_SOCKET: agent.path }, stdin);
    expect(outcome.status).toBe(0);
    expect(outcome.stdout === result).toBe(true);
    const wire = wireOf(agent);
    expect(wire.env).toEqual(env);
    expect(wire.stdin === stdin).toBe(true);
  });
});

describe("an agent that gives no usable answer", () => {
  test.for([
    ["closes at once", (socket: Socket) => socket.end(), "nothing came"],
    ["closes in the middle", (socket: Socket) => socket.end(responseText(200, RESULT).slice(0, -5)), "bytes came of"],
    ["speaks something else", (socket: Socket) => socket.end("SSH-2.0-OpenSSH\r\n\r\n"), "status line"],
    ["sends bytes that are no text", (socket: Socket) => socket.end(Buffer.alloc(4096, 0xff)), "head does not end"],
    ["succeeds with no result", answering(200, ""), "answered 200"],
  ] as const)("%s: try again later", async ([, script, fragment]) => {
    await using agent = await ScriptedAgent.start(script);
    const { status, stdout, stderr } = await run({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path });
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ cniVersion: "1.1.0", code: 11, msg: expect.stringContaining(fragment) });
  });

  test("hangs: ADD gives up at its deadline", async () => {
    await using agent = await ScriptedAgent.start(() => undefined);
    const deadlines = "{ ...DEADLINES, ADD: { connectForMs: 100, answerWithinMs: 400 } }";
    const script = `import { DEADLINES, runPlugin } from "@cluster-ipam/plugin";
      import { createNodeHost } from "./node-host.ts";
      process.exit(await runPlugin(createNodeHost(process.env), { deadlines: ${deadlines} }));`;
    const env = { ...ADD, CLUSTER_IPAM_SOCKET: agent.path };
    const { status, stdout, stderr, tookMs } = await ended(
      start(env, ["--conditions=@cluster-ipam/source", "--input-type=module", "-e", script]),
    );
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ code: 11, msg: expect.stringContaining("within 400 ms") });
    expect(tookMs).toBeGreaterThan(390);
    expect(tookMs).toBeLessThan(3000);
  });

  test("hangs: STATUS says so within a second or so", async () => {
    await using agent = await ScriptedAgent.start(() => undefined);
    const { status, stdout, tookMs } = await run({ CNI_COMMAND: "STATUS", CLUSTER_IPAM_SOCKET: agent.path });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 50 });
    expect(tookMs).toBeLessThan(2500);
  });
});

test("with no agent for less than a minute STATUS is fine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cluster-ipam-status-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, "agent.sock");
  writeFileSync(`${socket}.alive`, "");
  const env = { CNI_COMMAND: "STATUS", CLUSTER_IPAM_SOCKET: socket };
  expect(await run(env)).toMatchObject({ status: 0, stdout: "", stderr: "" });
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(`${socket}.alive`, longAgo, longAgo);
  const { status, stdout } = await run(env);
  expect({ status, error: JSON.parse(stdout) }).toMatchObject({ status: 1, error: { code: 50 } });
});

test.concurrent.for([
  ["ADD", 11, 2900],
  ["STATUS", 50, 0],
] as const)("with no agent %s asks whether one runs", async ([command, code, waitsForMs]) => {
  const env = { ...ADD, CNI_COMMAND: command, CLUSTER_IPAM_SOCKET: NOWHERE };
  const { status, stdout, stderr, tookMs } = await run(env);
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  const error: unknown = JSON.parse(stdout);
  expect(error).toMatchObject({ code, msg: expect.stringContaining(NOWHERE) });
  expect(error).toMatchObject({ msg: expect.stringContaining("is the cluster-ipam agent running on this node?") });
  expect(tookMs).toBeGreaterThan(waitsForMs);
});

describe("a DEL that no agent takes", () => {
  const DEL = { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: NOWHERE };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cluster-ipam-spool-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is spooled and succeeds, once an agent has had the time to come up", async () => {
    const spool = join(folder, "state", "spool");
    const { status, stdout, stderr, tookMs } = await run({ ...DEL, CLUSTER_IPAM_SPOOL: spool });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(tookMs).toBeGreaterThan(2900);
    const [name = "", ...more] = readdirSync(spool);
    expect(more).toEqual([]);
    const reading = decodeSpooledRelease(readFileSync(join(spool, name), "utf8"));
    const attachment = { network: "lan", containerId: "c1", ifName: "net1" };
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    expect(reading).toEqual({ kind: "release", release: { attachment, startedAtNs: expect.any(BigInt), bootId } });
  });

  test("is spooled with the time at which it began, not that at which it gave up", async () => {
    const spool = join(folder, "spool");
    const beforeNs = bootTime().ns;
    await run({ ...DEL, CLUSTER_IPAM_SPOOL: spool });
    const [name = ""] = readdirSync(spool);
    const startedAtNs = BigInt(name.slice(0, 20));
    expect(startedAtNs).toBeGreaterThan(beforeNs);
    expect(startedAtNs).toBeLessThan(bootTime().ns - 2_900_000_000n);
  });

  test("succeeds though the spool's folder is none, and says so", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { status, stdout, stderr } = await run({ ...DEL, CLUSTER_IPAM_SPOOL: join(file, "spool") });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toMatch(/^cluster-ipam: .*container c1, interface net1.*ENOTDIR.*\n$/);
  });

  test("succeeds though no byte can be written, says so and leaves no part of a file", async () => {
    // A file may not grow at all: the write fails in the middle of its work, as on a full disk.
    const script = 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"';
    const env = { ...DEL, CLUSTER_IPAM_SPOOL: folder };
    const child = spawn("/bin/sh", ["-c", script, process.execPath, ...PLUGIN], { env, cwd: import.meta.dirname });
    const { status, stdout, stderr } = await ended(child);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("EFBIG");
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("VERSION does not wait for standard input", async () => {
  const child = start({ CNI_COMMAND: "VERSION" });
  const [stdout, [status]] = await Promise.all([text(outputOf(child.stdout)), once(child, "exit")]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ cniVersion: "1.1.0" });
});

test.for([
  ["no environment", {}, CONFIG, 4, "CNI_COMMAND"],
  ["a missing variable", { ...ADD, CNI_NETNS: "" }, CONFIG, 4, "CNI_NETNS"],
  ["an unknown version", ADD, '{"cniVersion":"3.0.0","name":"lan"}', 1, "1.0.0, 1.1.0"],
  ["input that is not JSON", ADD, '{"name":"lan",}', 6, "line 1, column 15"],
  ["empty input", ADD, "", 6, "empty"],
] as const)("%s is told without an agent", async ([, env, stdin, code, fragment]) => {
  const { status, stdout, stderr, tookMs } = await run({ ...env, CLUSTER_IPAM_SOCKET: NOWHERE }, stdin);
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ code, msg: expect.stringContaining(fragment) });
  expect(tookMs).toBeLessThan(2500);
});

test("a caller that has gone away leaves no complaint behind", async () => {
  await using agent = await ScriptedAgent.start(answering(200, RESULT.padEnd(1_000_000)));
  const child = start({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path });
  child.stdout?.destroy();
  child.stdin?.end(CONFIG);
  const [stderr, [status]] = await Promise.all([text(outputOf(child.stderr)), once(child, "exit")]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("pipes that the caller made non-blocking are waited for", async () => {
  const result = RESULT.padEnd(1_000_000);
  await using agent = await ScriptedAgent.start(answering(200, result));
  await using pipe = await nonBlockingPipe();
  // Node makes the first three descriptors of a child blocking, so the shell gets the pipe as the fourth.
  const child = spawn("/bin/sh", ["-c", 'exec "$0" "$@" <&3 >&3', process.execPath, ...PLUGIN], {
    env: { ...ADD, CLUSTER_IPAM_SOCKET: agent.path },
    stdio: ["ignore", "ignore", "pipe", pipe.far],
  });
  pipe.far.destroy();
  setTimeout(() => pipe.near.end(CONFIG), 500);
  const [stdout, { status, stderr }] = await Promise.all([slowly(pipe.near), ended(child)]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout === result).toBe(true);
});

/** Two connected sockets. What libuv opens is non-blocking, for the child that inherits `far` as well. */
async function nonBlockingPipe(): Promise<AsyncDisposable & { readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(`\0cluster-ipam-test-${process.pid}`);
  await once(server, "listening");
  const far = connect(`\0cluster-ipam-test-${process.pid}`).pause();
  const [[near]] = await Promise.all([once(server, "connection"), once(far, "connect")]);
  return {
    near,
    far,
    [Symbol.asyncDispose]: async () => {
      near.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function slowly(socket: Socket): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return text(socket);
}
