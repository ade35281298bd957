import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { ADD, CONFIG, RESULT } from "./testing/calls.ts";
import { endOf, pluginPrograms, startPlugin, startThroughShell, wireOf } from "./testing/plugin-process.ts";
import { answering, ScriptedAgent } from "./testing/scripted-agent.ts";

describe.each(pluginPrograms())("on $name", (program) => {
  test("VERSION does not wait for standard input", async () => {
    const child = startPlugin(program, { CNI_COMMAND: "VERSION" });
    const { status, stdout, stderr } = await endOf(child, undefined);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const supportedVersions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
    expect(JSON.parse(stdout)).toEqual({ cniVersion: "1.1.0", supportedVersions });
  });

  test("a closed standard input is an empty one", async () => {
    const { status, stdout, stderr } = await endOf(startThroughShell(program, ADD, 'exec "$@" <&-'), "");
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ code: 6, msg: expect.stringContaining("empty") });
  });

  test("a standard input that cannot be read is told", async () => {
    const { status, stdout, stderr } = await endOf(startThroughShell(program, ADD, 'exec "$@" </'), "");
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ code: 5, msg: expect.stringContaining("EISDIR") });
  });

  test.for([
    ["closed", 'exec "$@" >&-', 0],
    ["full", 'exec "$@" >/dev/full', 1],
  ] as const)("a standard output that is %s leaves no complaint behind", async ([, script, status]) => {
    await using agent = await ScriptedAgent.start(answering(200, RESULT));
    const child = startThroughShell(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path }, script);
    expect(await endOf(child, CONFIG)).toMatchObject({ status, stdout: "", stderr: "" });
    expect(agent.requests).toHaveLength(1);
  });

  test("a caller that has gone away leaves no complaint behind", async () => {
    await using agent = await ScriptedAgent.start(answering(200, RESULT.padEnd(1_000_000)));
    const child = startPlugin(program, { ...ADD, CLUSTER_IPAM_SOCKET: agent.path });
    child.stdout?.destroy();
    expect(await endOf(child, CONFIG)).toMatchObject({ status: 0, stderr: "" });
    expect(agent.requests).toHaveLength(1);
  });

  test("bytes of the environment that are no text are U+FFFD", async () => {
    await using agent = await ScriptedAgent.start(answering(200, ""));
    const script = 'exec env CNI_ARGS="$(printf \'A=\\360\\237\\377x\')" "$@"';
    const env = { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: agent.path };
    expect(await endOf(startThroughShell(program, env, script), CONFIG)).toMatchObject({ status: 0, stderr: "" });
    expect(wireOf(agent).env["CNI_ARGS"]).toBe("A=\ufffd\ufffdx");
  });

  test("pipes that the caller made non-blocking are waited for", async () => {
    const result = RESULT.padEnd(1_000_000);
    await using agent = await ScriptedAgent.start(answering(200, result));
    await using pipe = await nonBlockingPipe();
    // Node makes the first three descriptors of a child blocking, so the shell gets the pipe as the fourth.
    const child = spawn("/bin/sh", ["-c", 'exec "$@" <&3 >&3', "sh", ...program.command], {
      env: { ...ADD, CLUSTER_IPAM_SOCKET: agent.path },
      stdio: ["ignore", "ignore", "pipe", pipe.far],
    });
    pipe.far.destroy();
    setTimeout(() => pipe.near.end(CONFIG), 500);
    const [stdout, { status, stderr }] = await Promise.all([slowly(pipe.near), endOf(child, "")]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout === result).toBe(true);
  });
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
