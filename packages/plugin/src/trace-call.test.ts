import { TRACE_MAX_BYTES } from "@cluster-ipam/cni";
import { describe, expect, test } from "vitest";
import type { ExchangeOutcome } from "./host.ts";
import { runPlugin } from "./plugin.ts";
import { answer, CONFIG, FakeHost, RESULT } from "./testing/fake-host.ts";

const ADD = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/x", CNI_IFNAME: "net1" };
const STATE = "/var/lib/cluster-ipam";
const AWAY: ExchangeOutcome = { kind: "unreachable", reason: "ENOENT" };
const ENDING = '{"cniVersion":"1.1.0","code":11,"msg":"the agent is shutting down"}';

/** A host on a node whose trace is on. */
function tracing(env: Readonly<Record<string, string>>, outcome: ExchangeOutcome, stdin: string = CONFIG): FakeHost {
  const host = new FakeHost(env, stdin, outcome);
  host.files.set(`${STATE}/trace.on`, "");
  return host;
}

function lines(host: FakeHost, path: string = `${STATE}/trace.jsonl`): readonly Record<string, unknown>[] {
  const text = host.files.get(path) ?? "";
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the plugin writes into the trace", () => {
  test("an ADD that found no agent, with what it printed, after it has printed it", async () => {
    const host = tracing(ADD, AWAY);
    await runPlugin(host);
    expect(lines(host)).toEqual([
      {
        time: "2026-02-13T16:26:40.000Z",
        by: "plugin",
        command: "ADD",
        containerId: "c1",
        ifName: "net1",
        exitCode: 1,
        durationMs: 0,
        env: ADD,
        stdin: JSON.parse(CONFIG),
        stdout: host.stdout,
      },
    ]);
    expect(host.steps.slice(-4)).toEqual([
      "write stdout",
      "readFile",
      "bootTime",
      `appendFile up to ${TRACE_MAX_BYTES}`,
    ]);
  });

  test.for([
    ["a DEL that went to the spool", { ...ADD, CNI_COMMAND: "DEL" }, AWAY, 0],
    ["a DEL that an agent refused which ends", { ...ADD, CNI_COMMAND: "DEL" }, answer(503, ENDING), 0],
    ["a STATUS without an agent", { CNI_COMMAND: "STATUS" }, AWAY, 1],
    ["an answer that broke off", ADD, { kind: "broken", reason: "ECONNRESET" }, 1],
    ["a call that does not decode", { ...ADD, CNI_IFNAME: "" }, answer(200, RESULT), 1],
    ["a call without a command", {}, answer(200, RESULT), 1],
    ["VERSION", { CNI_COMMAND: "VERSION" }, AWAY, 0],
  ] as const)("%s", async ([, env, outcome, exitCode]) => {
    const host = tracing(env, outcome);
    expect(await runPlugin(host)).toBe(exitCode);
    expect(lines(host)).toMatchObject([{ by: "plugin", exitCode, stdout: host.stdout }]);
  });

  test("with the status that the process ends with, also when nothing can be printed", async () => {
    const host = tracing({ CNI_COMMAND: "VERSION" }, AWAY);
    host.write = () => {
      throw new Error("EIO");
    };
    expect(await runPlugin(host)).toBe(1);
    expect(lines(host)).toMatchObject([{ exitCode: 1 }]);
  });

  test("into the file that the control file names", async () => {
    const host = tracing(ADD, AWAY);
    host.files.set(`${STATE}/trace.on`, "/var/log/trace.jsonl\n");
    await runPlugin(host);
    expect(lines(host, "/var/log/trace.jsonl")).toHaveLength(1);
    expect(lines(host)).toEqual([]);
  });

  test.for(["/srv/state/spool", "/srv/state/spool/", "/srv/state//spool"])(
    "where the state folder is the one above the spool: %s",
    async (spool) => {
      const host = tracing({ ...ADD, CLUSTER_IPAM_SPOOL: spool }, AWAY);
      host.files.set("/srv/state/trace.on", "");
      await runPlugin(host);
      expect(lines(host, "/srv/state/trace.jsonl")).toHaveLength(1);
      expect(lines(host)).toEqual([]);
    },
  );
});

describe("the plugin writes nothing into the trace", () => {
  test.for([
    ["a result", answer(200, RESULT), ADD],
    ["an error", answer(409, ENDING), ADD],
    ["an error of a DEL", answer(409, '{"code":7,"msg":"no"}'), { ...ADD, CNI_COMMAND: "DEL" }],
  ] as const)("and does not look whether it is on, when the agent answered with %s", async ([, outcome, env]) => {
    const host = tracing(env, outcome);
    await runPlugin(host);
    expect(host.steps).not.toContain("readFile");
    expect(lines(host)).toEqual([]);
  });

  test("where it is off", async () => {
    const host = new FakeHost(ADD, CONFIG, AWAY);
    await runPlugin(host);
    expect(host.steps.at(-1)).toBe("readFile");
    expect(host.files.size).toBe(0);
  });

  test.for(["readFile", "appendFile"] as const)("where %s fails, and the call is answered as ever", async (method) => {
    const host = tracing({ ...ADD, CNI_COMMAND: "DEL" }, AWAY);
    host[method] = () => {
      throw new Error("EIO");
    };
    expect(await runPlugin(host)).toBe(0);
    expect({ stdout: host.stdout, stderr: host.stderr }).toEqual({ stdout: "", stderr: "" });
    expect(lines(host)).toEqual([]);
  });
});
