import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryLeaseStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { CNI_ROUTE } from "@cluster-ipam/cni";
import { CATALOGUE, type ErrorCode, IpamError } from "@cluster-ipam/errors";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Agent } from "../agent.ts";
import { written } from "../testing/agent-world.ts";
import { type CallFixture, wireCall } from "../testing/cni-calls.ts";
import { LogLines } from "../testing/log-lines.ts";
import { memoryDeps } from "../testing/memory-deps.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";
import { createServer } from "./server.ts";

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

let folder: string;
let socketPath: string;
let leases: MemoryLeaseStore;
let pools: MemoryPoolStore;
let lines: LogLines;
let agent: Agent;
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-server-"));
  socketPath = join(folder, "agent.sock");
  leases = new MemoryLeaseStore();
  pools = new MemoryPoolStore();
  lines = new LogLines();
  pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  agent = new Agent(memoryDeps({ leases, pools, log: lines.log }));
  server = createServer(agent, lines.log, { instance: "a1" });
  await server.listen({ path: socketPath });
});

afterEach(async () => {
  await server.close();
  await agent.close();
  await rm(folder, { recursive: true });
});

/** Sends a request as it is; `body` undefined is a GET. */
async function send(
  path: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const method = body === undefined ? "GET" : "POST";
  const request = httpRequest({ socketPath, path, method, headers: { connection: "close", ...headers } });
  request.end(body);
  return answerTo(request);
}

async function answerTo(request: ClientRequest): Promise<Answer> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body: text };
}

function post(body: unknown): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return send(CNI_ROUTE, text, { "content-type": "application/json" });
}

function cni(call: CallFixture): Promise<Answer> {
  return post(wireCall(call));
}

function expectError(answer: Answer, code: ErrorCode, cniVersion = "1.1.0"): string {
  const { cni: cniCode, http } = CATALOGUE[code];
  expect(answer.status).toBe(http);
  expect(answer.type).toBe("application/json; charset=utf-8");
  const error = JSON.parse(answer.body) as Record<string, unknown>;
  expect(error).toEqual({ cniVersion, code: cniCode, msg: expect.any(String) });
  expect(answer.body).not.toMatch(/\.ts:\d+|\.js:\d+|node_modules|statusCode/);
  return String(error["msg"]);
}

describe("a call that succeeds", () => {
  beforeEach(() => agent.loaded);

  test.each([
    [
      "0.2.0",
      {
        cniVersion: "0.2.0",
        ip4: { ip: expect.stringMatching(/\/24$/) },
        ip6: { ip: expect.stringMatching(/\/64$/) },
        dns: {},
      },
    ],
    [
      "0.3.1",
      {
        cniVersion: "0.3.1",
        ips: [
          { version: "4", address: expect.any(String) },
          { version: "6", address: expect.any(String) },
        ],
        dns: {},
      },
    ],
    [
      "1.1.0",
      {
        cniVersion: "1.1.0",
        ips: [{ address: expect.stringMatching(/\/24$/) }, { address: expect.stringMatching(/\/64$/) }],
      },
    ],
  ])("as an ADD answers with the result of its version: %s", async (cniVersion, result) => {
    const answer = await cni({ cniVersion });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual(result);
  });

  test.each<CallFixture>([
    { command: "DEL" },
    { command: "STATUS" },
    { command: "GC", config: { "cni.dev/valid-attachments": [] } },
  ])("as a %o answers with nothing at all", async (call) => {
    expect(await cni(call)).toMatchObject({ status: 200, body: "" });
  });

  test("as a CHECK answers with nothing at all", async () => {
    const { ips } = JSON.parse((await cni({})).body) as { ips: unknown };
    expect(await cni({ command: "CHECK", config: { prevResult: { ips } } })).toMatchObject({ status: 200, body: "" });
  });
});

describe("a call that is refused answers with the CNI error and the status of its code:", () => {
  const REFUSED_403 = new IpamError("apiserver-refused", "the API server refused: no permission to create ipleases");
  const REFUSED_422 = new IpamError("object-refused", "the API server found spec.holder invalid");

  beforeEach(() => agent.loaded);

  test.each<readonly [ErrorCode, CallFixture, readonly string[]]>([
    ["bad-config", { ipam: { subnt: "10.0.0.0/24" } }, ['"subnt"', "subnet"]],
    ["bad-config", { ipam: { subnet: "10.0.0.5/24" } }, ["10.0.0.5/24", "10.0.0.0/24"]],
    [
      "bad-config",
      { ipam: { subnet: "10.0.0.0/24", rangeStart: "10.0.0.9", rangeEnd: "10.0.0.1" } },
      ["rangeStart", "10.0.0.9"],
    ],
    [
      "bad-config",
      { ipam: { subnet: "10.0.0.0/24", rangeStart: "10.1.0.9" } },
      ["rangeStart", "10.1.0.9", "10.0.0.0/24"],
    ],
    ["bad-config", { ipam: { subnet: "fd00::/64", gateway: "10.0.0.1" } }, ["gateway", "10.0.0.1", "IPv6"]],
    ["bad-config", { ipam: { pool: "lan", routes: [{ dst: "10.9.0.1/16" }] } }, ["10.9.0.1/16"]],
    [
      "bad-config",
      { ipam: { pool: "lan", routes: [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16" }] } },
      ["10.9.0.0/16"],
    ],
    ["incompatible-version", { command: "CHECK", cniVersion: "0.3.1" }, ["0.4.0", "1.1.0"]],
    ["no-pool", { ipam: { pool: "blue" } }, ['"blue"', "kubectl get ippools"]],
    ["no-pool", { network: "third" }, ['"third"', "create an IPPool"]],
    ["address-not-in-range", { args: "IP=10.9.9.9" }, ["10.9.9.9", "10.0.0.0/24"]],
    ["check-failed", { command: "CHECK", config: { prevResult: { ips: [{ address: "10.0.0.5/24" }] } } }, ["10.0.0.5"]],
  ])("%s, for %o", async (code, call, fragments) => {
    const version = call.cniVersion ?? "1.1.0";
    const msg = expectError(await cni(call), code, version);
    for (const fragment of fragments) expect(msg).toContain(fragment);
  });

  test("incompatible-version, with the versions that work, in the newest form", async () => {
    const msg = expectError(await cni({ cniVersion: "9.9.9" }), "incompatible-version");
    expect(msg).toContain("0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0");
  });

  test("bad-environment, with the variable that is missing", async () => {
    const { env, ...wire } = wireCall({});
    const { CNI_NETNS: _netns, ...rest } = env;
    expect(expectError(await post({ ...wire, env: rest }), "bad-environment")).toContain("CNI_NETNS");
  });

  test("bad-json, with the place where the configuration breaks", async () => {
    const msg = expectError(
      await post({ ...wireCall({}), stdin: '{"cniVersion": "0.3.1",\n "name": oops}' }),
      "bad-json",
    );
    expect(msg).toContain("line 2, column 10");
  });

  test("address-taken, with address and holder", async () => {
    await written(leases, leaseOf("10.0.0.77", { node: "n2", containerID: "c9" }));
    const msg = expectError(await cni({ args: "IP=10.0.0.77", cniVersion: "0.3.1" }), "address-taken", "0.3.1");
    expect(msg).toBe("address 10.0.0.77 is held by pod shop/web-0 (interface net1) on node n2");
  });

  test("pool-exhausted, with pool, used and capacity", async () => {
    pools.put(poolOf("small", ["10.5.0.0/30"]));
    for (const containerId of ["a", "b"]) await cni({ containerId, pod: undefined, ipam: { pool: "small" } });
    const msg = expectError(await cni({ ipam: { pool: "small" } }), "pool-exhausted");
    expect(msg).toContain("pool small is full: 2 used of a capacity of 2");
  });

  test.each([
    ["apiserver-refused", REFUSED_403],
    ["object-refused", REFUSED_422],
  ] as const)("%s, in the words of the store", async (code, error) => {
    leases.faults.failWrites("create", { kind: "refused", error });
    expect(expectError(await cni({}), code)).toBe(error.message);
  });

  test("internal, for what nothing expected, without its stack but with it in the log", async () => {
    leases.create = () => Promise.reject(new TypeError("x is not a function"));
    expect(expectError(await cni({}), "internal")).toBe("unexpected error: x is not a function");
    expect(lines.with("call failed by a defect")).toMatchObject([
      { level: 50, command: "ADD", containerId: "c1", ifName: "net1", err: { stack: expect.any(String) } },
    ]);
  });
});

describe("a request that is no call answers with a CNI error all the same:", () => {
  const STDIN = '{"cniVersion": "1.1.0"}';

  test.each<readonly [string, string]>([
    ["nothing", ""],
    ["no JSON", '{"startedAt": '],
    ["JSON that is no object", "[]"],
    ["null", "null"],
    ["an object without keys", "{}"],
    ["no standard input", JSON.stringify({ startedAt: "1", env: {} })],
    ["no environment", JSON.stringify({ startedAt: "1", stdin: STDIN })],
    ["no start", JSON.stringify({ env: {}, stdin: STDIN })],
    ["a number for a text", JSON.stringify({ startedAt: 1, env: {}, stdin: STDIN })],
    ["a list for an environment", JSON.stringify({ startedAt: "1", env: [], stdin: STDIN })],
    ["a number in the environment", JSON.stringify({ startedAt: "1", env: { CNI_COMMAND: 7 }, stdin: STDIN })],
    ["null for standard input", JSON.stringify({ startedAt: "1", env: {}, stdin: null })],
    ["a poisoned prototype", '{"__proto__": {"startedAt": "1"}, "env": {}, "stdin": "{}"}'],
  ])("%s", async (_, body) => {
    expect(expectError(await post(body), "bad-json")).toContain("the request is not a CNI call");
  });

  test("another content type", async () => {
    const answer = await send(CNI_ROUTE, "x=1", { "content-type": "application/x-www-form-urlencoded" });
    expectError(answer, "bad-json");
  });

  test("more than any configuration is long, before it was even sent", async () => {
    const headers = { "content-type": "application/json", "content-length": "5000000" };
    const request = httpRequest({ socketPath, path: CNI_ROUTE, method: "POST", headers });
    request.flushHeaders();
    const answer = await answerTo(request);
    request.destroy();
    expectError(answer, "bad-json");
  });

  test("in the version of the configuration, where that can be read", async () => {
    const answer = await post({ env: {}, stdin: JSON.stringify({ cniVersion: "0.3.1" }) });
    expectError(answer, "bad-json", "0.3.1");
  });

  test("a start that is no time", async () => {
    expectError(await post({ ...wireCall({}), startedAt: "yesterday" }), "bad-environment");
  });
});

describe("a caller that hangs up", () => {
  beforeEach(() => agent.loaded);

  async function hangUpDuring(call: CallFixture, operation: "create" | "delete"): Promise<() => void> {
    const answered = Promise.withResolvers<void>();
    leases.faults.failWrites(operation, { kind: "held", until: answered.promise });
    leases.faults.calls.length = 0;
    const request = httpRequest({
      socketPath,
      path: CNI_ROUTE,
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined);
    request.end(JSON.stringify(wireCall(call)));
    await vi.waitFor(() => expect(leases.faults.calls.map((each) => each.operation)).toContain(operation));
    request.destroy();
    await sleep(50);
    return answered.resolve;
  }

  test("during an ADD undoes it", async () => {
    const answer = await hangUpDuring({}, "create");
    answer();
    await vi.waitFor(() => expect(lines.with("call refused")).toMatchObject([{ err: { code: "cancelled" } }]));
    expect(leases.snapshot()).toEqual([]);
  });

  test("during a DEL changes nothing: it is work for the node", async () => {
    await cni({});
    const answer = await hangUpDuring({ command: "DEL", startedAtNs: 2_000n }, "delete");
    answer();
    await vi.waitFor(() => expect(leases.snapshot()).toEqual([]));
    expect(lines.with("call refused")).toEqual([]);
  });

  test("after an ADD was answered changes nothing: the runtime's DEL owns it", async () => {
    expect((await cni({})).status).toBe(200);
    await sleep(20);
    expect(leases.snapshot()).toHaveLength(2);
  });
});

describe("a server that closes", () => {
  beforeEach(() => agent.loaded);

  function rawCall(socket: Socket, call: CallFixture): void {
    const body = JSON.stringify(wireCall(call));
    const head = [
      `POST ${CNI_ROUTE} HTTP/1.1`,
      "host: agent",
      "content-type: application/json",
      `content-length: ${body.length}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  }

  test("finishes what runs, refuses with code 11 what comes on an open connection, and takes no new one", async () => {
    const answered = Promise.withResolvers<void>();
    leases.faults.failWrites("create", { kind: "held", until: answered.promise });
    const socket = connect(socketPath);
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    rawCall(socket, {});
    await vi.waitFor(() => expect(leases.faults.calls.map(({ operation }) => operation)).toContain("create"));
    const ended = once(socket, "close");
    const closing = server.close();
    await vi.waitFor(() => expect(server.server.listening).toBe(false));
    rawCall(socket, { containerId: "c2" });
    await sleep(50);
    answered.resolve();
    await Promise.all([closing, ended]);
    const statuses = [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(["200", "503"]);
    expect(received).toContain(`"code":11,"msg":"the agent is shutting down"`);
    expect(leases.snapshot().every(({ spec }) => spec.containerID === "c1")).toBe(true);
    await expect(send("/healthz", undefined)).rejects.toThrow("ENOENT");
  });

  test("does not wait for connections that nobody uses", async () => {
    const keepAlive = new HttpAgent({ keepAlive: true });
    const request = httpRequest({ socketPath, path: "/healthz", agent: keepAlive });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
    await expect(server.close()).resolves.toBeUndefined();
    keepAlive.destroy();
  });
});

test("/healthz tells what the agent knows, also before it has read its leases", async () => {
  await agent.loaded;
  await cni({});
  const { status, body } = await send("/healthz", undefined);
  expect(status).toBe(200);
  const counts = { leases: 2, pendingReleases: 0, spooledReleases: 0, apiServer: { circuit: "closed" } };
  expect(JSON.parse(body)).toEqual({ status: "ok", instance: "a1", node: "n1", isLoaded: true, ...counts });
});
