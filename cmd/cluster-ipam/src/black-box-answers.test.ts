import { describe, expect, test } from "vitest";
import { ADD, CONFIG, RESULT } from "./testing/calls.ts";
import { pluginPrograms, runPlugin, wireOf } from "./testing/plugin-process.ts";
import { answering, responseText, ScriptedAgent } from "./testing/scripted-agent.ts";
import { StalledAgent } from "./testing/stalled-agent.ts";

describe.each(pluginPrograms())("on $name an agent that answers", (program) => {
  test("gives ADD its bytes and nothing more", async () => {
    await using agent = await ScriptedAgent.start(answering(200, RESULT));
    const env = { ...ADD, CLUSTER_IPAM_SOCKET: agent.path, SECRET: "s" };
    const { status, stdout, stderr } = await runPlugin(program, env, CONFIG);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: RESULT, stderr: "" });
    expect(wireOf(agent)).toEqual({ startedAt: expect.stringMatching(/^\d+$/), env: ADD, stdin: CONFIG });
  });

  test.for(["DEL", "CHECK", "GC", "STATUS"])("gives %s its silence", async (command) => {
    await using agent = await ScriptedAgent.start(answering(200, ""));
    const env = { ...ADD, CNI_COMMAND: command, CLUSTER_IPAM_SOCKET: agent.path };
    expect(await runPlugin(program, env, CONFIG)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(wireOf(agent)).toMatchObject({ env: { CNI_COMMAND: command }, stdin: CONFIG });
  });

  test("gets a DEL's input however broken", async () => {
    await using agent = await ScriptedAgent.start(answering(200, ""));
    const env = { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: agent.path };
    expect(await runPlugin(program, env, "{ broken")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(wireOf(agent).stdin).toBe("{ broken");
  });

  test("gives its errors, with exit status 1", async () => {
    const error = '{"cniVersion":"1.1.0","code":101,"msg":"pool lan is full"}';
    await using agent = await ScriptedAgent.start(answering(409, error));
    const outcome = await runPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    expect(outcome).toMatchObject({ status: 1, stdout: error, stderr: "" });
  });

  test("slowly, a few bytes at a time, is waited for", async () => {
    await using agent = await ScriptedAgent.start((socket) => {
      const parts = responseText(200, RESULT).match(/[^]{1,20}/g) ?? [];
      const timer = setInterval(() => {
        const part = parts.shift();
        if (part !== undefined) socket.write(part);
        else socket.end(() => clearInterval(timer));
      }, 100);
    });
    const outcome = await runPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    expect(outcome).toMatchObject({ status: 0, stdout: RESULT, stderr: "" });
  });

  test("after it has come up late is reached", async () => {
    await using agent = new ScriptedAgent(answering(200, RESULT));
    const outcome = runPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await agent.listen();
    expect(await outcome).toMatchObject({ status: 0, stdout: RESULT, stderr: "" });
  });

  test("after its queue was full is reached", async () => {
    await using agent = await StalledAgent.start(responseText(200, RESULT));
    const outcome = runPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, CONFIG);
    setTimeout(() => agent.resume(), 500);
    expect(await outcome).toMatchObject({ status: 0, stdout: RESULT, stderr: "" });
  });

  test("before it has read everything is heard", async () => {
    const error = '{"cniVersion":"1.1.0","code":7,"msg":"too much"}';
    await using agent = await ScriptedAgent.start((socket) => {
      socket.pause();
      socket.end(responseText(413, error));
    }, "first byte");
    const env = { ...ADD, CLUSTER_IPAM_SOCKET: agent.path };
    const outcome = await runPlugin(program, env, CONFIG.padEnd(4_000_000));
    expect(outcome).toMatchObject({ status: 1, stdout: error, stderr: "" });
  });

  test("gets names and text beyond ASCII, and megabytes of it, unharmed", async () => {
    const stdin = JSON.stringify({ cniVersion: "1.1.0", name: "lan", note: "zażółć 😀\n".repeat(250_000) });
    const result = JSON.stringify({ cniVersion: "1.1.0", dns: { domain: "żółw.example".repeat(80_000) } });
    await using agent = await ScriptedAgent.start(answering(200, result));
    const env = { ...ADD, CNI_IFNAME: "żółw0", CNI_ARGS: "IgnoreUnknown=1;NOTE=😀" };
    const outcome = await runPlugin(program, { ...env, CLUSTER_IPAM_SOCKET: agent.path }, stdin);
    expect(outcome.status).toBe(0);
    expect(outcome.stdout === result).toBe(true);
    const wire = wireOf(agent);
    expect(wire.env).toEqual(env);
    expect(wire.stdin === stdin).toBe(true);
  });

  test("gets U+FFFD for what is no text", async () => {
    await using agent = await ScriptedAgent.start(answering(200, ""));
    const stdin = Buffer.concat([
      Buffer.from('{"name":"'),
      Buffer.from([0xf0, 0x9f, 0x98, 0x22, 0xff, 0xed, 0xa0, 0x80]),
    ]);
    const env = { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: agent.path };
    expect(await runPlugin(program, env, stdin)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(wireOf(agent).stdin).toBe('{"name":"\ufffd"\ufffd\ufffd\ufffd\ufffd');
  });
});
