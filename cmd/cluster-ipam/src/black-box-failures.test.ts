import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ADD, CONFIG, NOWHERE, RESULT } from "./testing/calls.ts";
import { pluginPrograms, runPlugin } from "./testing/plugin-process.ts";
import { answering, responseText, ScriptedAgent } from "./testing/scripted-agent.ts";

const STATUS = { CNI_COMMAND: "STATUS" };

function presenceFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cluster-ipam-status-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe.each(pluginPrograms())("on $name an agent that gives no usable answer", (program) => {
  test.for([
    ["closes at once", (socket: Socket) => socket.end(), "nothing came"],
    ["closes in the middle", (socket: Socket) => socket.end(responseText(200, RESULT).slice(0, -5)), "bytes came of"],
    ["speaks something else", (socket: Socket) => socket.end("SSH-2.0-OpenSSH\r\n\r\n"), "status line"],
    ["sends bytes that are no text", (socket: Socket) => socket.end(Buffer.alloc(4096, 0xff)), "head does not end"],
    ["sends more than any answer has", (socket: Socket) => socket.write(Buffer.alloc(40_000_000)), "EMSGSIZE"],
    ["succeeds with no result", answering(200, ""), "answered 200"],
    ["fails with no error", answering(500, "Internal Server Error"), "answered 500"],
  ] as const)("%s: try again later", async ([, script, fragment]) => {
    await using agent = await ScriptedAgent.start(script);
    const { status, stdout, stderr } = await runPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ cniVersion: "1.1.0", code: 11, msg: expect.stringContaining(fragment) });
  });

  test("is killed in the middle of the request: try again later", async () => {
    await using agent = await ScriptedAgent.start((socket) => socket.destroy(), "first byte");
    const env = { ...ADD, CLUSTER_IPAM_SOCKET: agent.path };
    const { status, stdout, stderr } = await runPlugin(program, env, CONFIG.padEnd(4_000_000));
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ code: 11, msg: expect.stringMatching(/broke|nothing came/) });
  });

  test.concurrent.for([
    ["says nothing", () => undefined],
    ["trickles", (socket: Socket) => sendOn(socket, "x", 20)],
    ["never stops sending", (socket: Socket) => sendOn(socket, "x".repeat(16_384), 1)],
  ] as const)("%s: STATUS says so within a second or so", async ([, script]) => {
    await using agent = await ScriptedAgent.start(script);
    const outcome = await runPlugin(program, { ...STATUS, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    expect(outcome).toMatchObject({ status: 1, stderr: "" });
    const msg = expect.stringContaining("did not answer within 900 ms");
    expect(JSON.parse(outcome.stdout)).toMatchObject({ code: 50, msg });
    expect(outcome.tookMs).toBeGreaterThan(890);
    expect(outcome.tookMs).toBeLessThan(10_000);
  });
});

test.concurrent.for(pluginPrograms())(
  "on $name ADD gives up on an agent that hangs before its runtime does",
  { timeout: 60_000 },
  async (program) => {
    await using agent = await ScriptedAgent.start(() => undefined);
    const outcome = await runPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    expect(outcome).toMatchObject({ status: 1, stderr: "" });
    const msg = expect.stringContaining("did not answer within 19500 ms");
    expect(JSON.parse(outcome.stdout)).toMatchObject({ code: 11, msg });
    expect(outcome.tookMs).toBeGreaterThan(19_490);
  },
);

/** Sends `text` again and again, until the other side has had enough. */
function sendOn(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on("close", () => clearInterval(timer));
}

describe.each(pluginPrograms())("on $name with no agent", (program) => {
  test("STATUS is fine for less than a minute", async () => {
    const socket = join(presenceFolder(), "agent.sock");
    writeFileSync(`${socket}.alive`, "");
    const env = { ...STATUS, CLUSTER_IPAM_SOCKET: socket };
    expect(await runPlugin(program, env, CONFIG)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const longAgo = new Date(Date.now() - 61_000);
    utimesSync(`${socket}.alive`, longAgo, longAgo);
    const { status, stdout } = await runPlugin(program, env, CONFIG);
    expect({ status, error: JSON.parse(stdout) }).toMatchObject({ status: 1, error: { code: 50 } });
  });

  test("STATUS is fine though the clock was set back since", async () => {
    const socket = join(presenceFolder(), "agent.sock");
    writeFileSync(`${socket}.alive`, "");
    const tomorrow = new Date(Date.now() + 86_400_000);
    utimesSync(`${socket}.alive`, tomorrow, tomorrow);
    const outcome = await runPlugin(program, { ...STATUS, CLUSTER_IPAM_SOCKET: socket }, CONFIG);
    expect(outcome).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  test("STATUS is not fine where a file stands in the way of the socket", async () => {
    const file = join(presenceFolder(), "file");
    writeFileSync(file, "");
    const env = { ...STATUS, CLUSTER_IPAM_SOCKET: join(file, "agent.sock") };
    const { status, stdout, stderr } = await runPlugin(program, env, CONFIG);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ code: 50, msg: expect.stringContaining("ENOTDIR") });
  });

  test("STATUS is not fine where the socket's name is longer than any file's", async () => {
    const env = { ...STATUS, CLUSTER_IPAM_SOCKET: `/tmp/${"x".repeat(300)}` };
    const { status, stdout, stderr } = await runPlugin(program, env, CONFIG);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ code: 50 });
  });

  test.concurrent.for([
    ["ADD", 11, 2900],
    ["STATUS", 50, 400],
  ] as const)("%s asks whether one runs", async ([command, code, waitsForMs]) => {
    const env = { ...ADD, CNI_COMMAND: command, CLUSTER_IPAM_SOCKET: NOWHERE };
    const { status, stdout, stderr, tookMs } = await runPlugin(program, env, CONFIG);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    const error: unknown = JSON.parse(stdout);
    expect(error).toMatchObject({ code, msg: expect.stringContaining(`${NOWHERE} within`) });
    expect(error).toMatchObject({ msg: expect.stringContaining("is the cluster-ipam agent running on this node?") });
    expect(tookMs).toBeGreaterThan(waitsForMs);
  });

  test.for([
    ["no environment", {}, CONFIG, 4, "CNI_COMMAND"],
    ["an unknown command", { ...ADD, CNI_COMMAND: "add" }, CONFIG, 4, '"add"'],
    ["a missing variable", { ...ADD, CNI_NETNS: "" }, CONFIG, 4, "CNI_NETNS"],
    ["a malformed container", { ...ADD, CNI_CONTAINERID: "../x" }, CONFIG, 4, '"../x"'],
    ["CNI_ARGS with strangers", { ...ADD, CNI_ARGS: "A=1" }, CONFIG, 4, '"A"'],
    ["an unknown version", ADD, '{"cniVersion":"3.0.0","name":"lan"}', 1, "1.0.0, 1.1.0"],
    ["a version without GC", { ...ADD, CNI_COMMAND: "GC" }, '{"cniVersion":"1.0.0","name":"lan"}', 1, "1.1.0"],
    ["input that is not JSON", ADD, '{"name":"lan",}', 6, "line 1, column 15"],
    ["input that is no object", ADD, "[]", 6, "a list"],
    ["empty input", ADD, "", 6, "empty"],
    ["a network without a name", ADD, '{"cniVersion":"1.1.0"}', 7, '"name"'],
    ["a section that is none", ADD, '{"cniVersion":"1.1.0","name":"lan","ipam":1}', 7, '"ipam"'],
  ] as const)("%s is told all the same", async ([, env, stdin, code, fragment]) => {
    const outcome = await runPlugin(program, { ...env, CLUSTER_IPAM_SOCKET: NOWHERE }, stdin);
    expect(outcome).toMatchObject({ status: 1, stderr: "" });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ code, msg: expect.stringContaining(fragment) });
  });
});
