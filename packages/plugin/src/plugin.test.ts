import { decodeSpooledRelease, type SpooledRelease, spoolFileName } from "@cluster-ipam/cni";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEADLINES } from "./deadlines.ts";
import type { ExchangeOutcome } from "./host.ts";
import { runPlugin } from "./plugin.ts";
import { answer, CONFIG, FakeHost, RESULT } from "./testing/fake-host.ts";

const ADD = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/x", CNI_IFNAME: "net1" };
const ERROR = '{"cniVersion":"1.1.0","code":101,"msg":"pool lan is full"}';

/** Runs a call that must fail and returns the error that it printed. */
async function failureOf(host: FakeHost): Promise<{ cniVersion: string; code: number; msg: string }> {
  expect(await runPlugin(host)).toBe(1);
  return JSON.parse(host.stdout);
}

test("an ADD reads the clock first, asks the agent once and prints its bytes", async () => {
  const host = new FakeHost({ ...ADD, CNI_ARGS: "IP=10.0.0.5", PATH: "/bin", CNI_PATH: "/opt/cni/bin" });
  expect(await runPlugin(host)).toBe(0);
  expect(host.stdout).toBe(RESULT);
  expect(host.steps).toEqual(["bootTime", "env", "readStdin", "exchange", "write stdout"]);
});

test("the agent gets the CNI variables alone, standard input as it is, and the start", async () => {
  const host = new FakeHost({ ...ADD, PATH: "/bin", HTTP_PROXY: "http://user:secret@proxy", CNI_PATH: "/opt" });
  await runPlugin(host);
  const [head, body] = (host.calls[0]?.request ?? "").split("\r\n\r\n");
  expect(head).toMatch(/^POST \/v1\/cni HTTP\/1\.1\r\n/);
  expect(JSON.parse(body ?? "")).toEqual({
    startedAt: "9007199254740993",
    env: { ...ADD, CNI_PATH: "/opt" },
    stdin: CONFIG,
  });
});

test.for([
  [{}, "/run/cluster-ipam/agent.sock"],
  [{ CLUSTER_IPAM_SOCKET: "" }, "/run/cluster-ipam/agent.sock"],
  [{ CLUSTER_IPAM_SOCKET: "/tmp/a.sock" }, "/tmp/a.sock"],
] as const)("with %j the socket is %s", async ([env, path]) => {
  const host = new FakeHost({ ...ADD, ...env });
  await runPlugin(host);
  expect(host.calls[0]?.path).toBe(path);
});

test("VERSION needs neither standard input nor the agent", async () => {
  const host = new FakeHost({ CNI_COMMAND: "VERSION" }, "not json");
  expect(await runPlugin(host)).toBe(0);
  expect(JSON.parse(host.stdout)).toMatchObject({ cniVersion: "1.1.0", supportedVersions: expect.any(Array) });
  expect(host.steps).toEqual(["bootTime", "env", "write stdout", "readFile"]);
});

test.for([
  ["a missing variable", { ...ADD, CNI_IFNAME: "" }, CONFIG, 4, "1.1.0"],
  ["a missing command", {}, '{"cniVersion":"0.3.1","name":"lan"}', 4, "0.3.1"],
  ["an unknown version", ADD, '{"cniVersion":"7.0.0","name":"lan"}', 1, "1.1.0"],
  [
    "a command that the version lacks",
    { ...ADD, CNI_COMMAND: "CHECK" },
    '{"cniVersion":"0.3.1","name":"lan"}',
    1,
    "0.3.1",
  ],
  ["text that is not JSON", ADD, "{", 6, "1.1.0"],
  ["a network without a name", ADD, '{"cniVersion":"0.4.0"}', 7, "0.4.0"],
] as const)("%s is answered without the agent", async ([, env, stdin, code, cniVersion]) => {
  const host = new FakeHost(env, stdin);
  expect(await failureOf(host)).toMatchObject({ code, cniVersion });
  expect(host.calls).toEqual([]);
});

test("every command but STATUS has its answer within 20 s, and waits 3 s for an agent that is being replaced", async () => {
  for (const command of ["ADD", "DEL", "CHECK", "GC"]) {
    const host = new FakeHost({ ...ADD, CNI_COMMAND: command });
    await runPlugin(host);
    expect(host.calls[0]).toMatchObject({ connectForMs: 3000, answerWithinMs: 19_500 });
  }
});

test("STATUS has its answer within a second", async () => {
  const host = new FakeHost({ CNI_COMMAND: "STATUS" });
  await runPlugin(host);
  expect(host.calls[0]?.answerWithinMs).toBeLessThan(1000);
});

test("other deadlines can be given", async () => {
  const host = new FakeHost(ADD);
  await runPlugin(host, { deadlines: { ...DEADLINES, ADD: { connectForMs: 1, answerWithinMs: 2 } } });
  expect(host.calls[0]).toMatchObject({ connectForMs: 1, answerWithinMs: 2 });
});

test.for(["DEL", "CHECK", "STATUS", "GC"])("a successful %s prints nothing", async (command) => {
  const host = new FakeHost({ ...ADD, CNI_COMMAND: command }, CONFIG, answer(200, ""));
  expect(await runPlugin(host)).toBe(0);
  expect(host.steps).not.toContain("write stdout");
});

test.for(["ADD", "DEL", "CHECK", "STATUS", "GC"])(
  "an error that the agent gives for %s is printed as it is",
  async (command) => {
    const host = new FakeHost({ ...ADD, CNI_COMMAND: command }, CONFIG, answer(409, ERROR));
    expect(await runPlugin(host)).toBe(1);
    expect(host.stdout).toBe(ERROR);
  },
);

/** What lies in the spool. */
function spooled(host: FakeHost): readonly SpooledRelease[] {
  return [...host.files.values()].map((text) => {
    const reading = decodeSpooledRelease(text);
    if (reading.kind === "bad") throw new Error(reading.reason);
    return reading.release;
  });
}

describe("without a usable answer", () => {
  const outcomes: readonly (readonly [string, ExchangeOutcome, string])[] = [
    ["nobody listens", { kind: "unreachable", reason: "ENOENT" }, "is the cluster-ipam agent running on this node?"],
    ["the time runs out", { kind: "timeout" }, "did not answer within"],
    ["the connection breaks", { kind: "broken", reason: "ECONNRESET" }, "ECONNRESET"],
    ["the agent closes at once", { kind: "answer", text: "" }, "nothing came"],
    [
      "the answer is cut off",
      { kind: "answer", text: 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"i' },
      "bytes came of 99",
    ],
    ["the answer is no HTTP", { kind: "answer", text: "hello\r\n\r\n" }, "status line"],
    ["an error is not of the CNI form", answer(500, "<html>"), "answered 500"],
    ["an error has no code", answer(500, '{"msg":"x"}'), "answered 500"],
    ["an error has no text", answer(500, '{"code":7}'), "answered 500"],
    ["a success comes with another status", answer(201, RESULT), "answered 201"],
    ["a proxy answers", answer(302, ""), "answered 302"],
  ];

  test.for(outcomes)("ADD says try again later and what happened: %s", async ([, outcome, fragment]) => {
    const error = await failureOf(new FakeHost({ ...ADD, CLUSTER_IPAM_SOCKET: "/tmp/a.sock" }, CONFIG, outcome));
    expect(error).toMatchObject({ code: 11, cniVersion: "1.1.0" });
    expect(error.msg).toContain(fragment);
    expect(error.msg).toContain("/tmp/a.sock");
  });

  test.for(outcomes)("DEL succeeds and leaves the release in the spool: %s", async ([, outcome]) => {
    const host = new FakeHost({ ...ADD, CNI_COMMAND: "DEL" }, CONFIG, outcome);
    expect(await runPlugin(host)).toBe(0);
    expect({ stdout: host.stdout, stderr: host.stderr }).toEqual({ stdout: "", stderr: "" });
    expect(spooled(host)).toEqual([
      {
        attachment: { network: "lan", containerId: "c1", ifName: "net1" },
        startedAtNs: 9_007_199_254_740_993n,
        bootId: "b0071d",
      },
    ]);
  });

  test.for(outcomes)("nothing but a DEL is ever spooled: %s", async ([, outcome]) => {
    for (const command of ["ADD", "CHECK", "GC", "STATUS"]) {
      const host = new FakeHost({ ...ADD, CNI_COMMAND: command }, CONFIG, outcome);
      expect(await runPlugin(host)).toBe(1);
      expect(host.files.size).toBe(0);
    }
  });

  test.for(outcomes)("STATUS says that the plugin is not available: %s", async ([, outcome]) => {
    expect(await failureOf(new FakeHost({ CNI_COMMAND: "STATUS" }, CONFIG, outcome))).toMatchObject({ code: 50 });
  });

  test.for(outcomes)("STATUS minds no absence of less than a minute: %s", async ([, outcome]) => {
    const host = new FakeHost({ CNI_COMMAND: "STATUS", CLUSTER_IPAM_SOCKET: "/tmp/a.sock" }, CONFIG, outcome);
    host.ages.set("/tmp/a.sock.alive", 59_999);
    expect(await runPlugin(host)).toBe(0);
    expect(host.stdout).toBe("");
    host.ages.set("/tmp/a.sock.alive", 60_000);
    expect(await failureOf(host)).toMatchObject({ code: 50 });
  });

  test.for(["", "[]", "null", '"10.0.0.5"', "{"])("ADD does not pass %j off as a result", async (body) => {
    expect(await failureOf(new FakeHost(ADD, CONFIG, answer(200, body)))).toMatchObject({ code: 11 });
  });

  test("DEL does not take a stranger's 200 for its release", async () => {
    const host = new FakeHost({ ...ADD, CNI_COMMAND: "DEL" }, CONFIG, answer(200, "<html>"));
    expect(await runPlugin(host)).toBe(0);
    expect(spooled(host)).toHaveLength(1);
  });
});

describe("a DEL that goes to the spool", () => {
  const DEL = { ...ADD, CNI_COMMAND: "DEL" };
  const away: ExchangeOutcome = { kind: "unreachable", reason: "ENOENT" };
  const ending = '{"cniVersion":"1.1.0","code":11,"msg":"the agent is shutting down"}';

  test.for([
    [{}, "/var/lib/cluster-ipam/spool"],
    [{ CLUSTER_IPAM_SPOOL: "" }, "/var/lib/cluster-ipam/spool"],
    [{ CLUSTER_IPAM_SPOOL: "/tmp/spool" }, "/tmp/spool"],
  ] as const)("with %j lies in %s", async ([env, folder]) => {
    const host = new FakeHost({ ...DEL, ...env }, CONFIG, away);
    await runPlugin(host);
    const [release] = spooled(host);
    expect([...host.files.keys()]).toEqual([`${folder}/${release === undefined ? "" : spoolFileName(release)}`]);
  });

  test.for([
    ["is not JSON", "{"],
    ["is empty", ""],
    ["names no network", '{"cniVersion":"1.1.0"}'],
    ["names it by a number", '{"cniVersion":"1.1.0","name":7}'],
  ] as const)("stands for every network of its interface where the configuration %s", async ([, stdin]) => {
    const host = new FakeHost(DEL, stdin, away);
    expect(await runPlugin(host)).toBe(0);
    expect(spooled(host)).toMatchObject([{ attachment: { network: "", containerId: "c1", ifName: "net1" } }]);
  });

  test("does so where standard input cannot be read", async () => {
    const host = new FakeHost(DEL, CONFIG, away);
    host.readStdin = () => {
      throw new Error("EIO");
    };
    expect(await runPlugin(host)).toBe(0);
    expect(spooled(host)).toMatchObject([{ attachment: { network: "" } }]);
  });

  test("does so where an agent that ends refuses it", async () => {
    const host = new FakeHost(DEL, CONFIG, answer(503, ending));
    expect(await runPlugin(host)).toBe(0);
    expect(host.stdout).toBe("");
    expect(spooled(host)).toHaveLength(1);
  });

  test("does so where the host itself fails in asking", async () => {
    const host = new FakeHost(DEL);
    host.exchange = () => {
      throw new Error("EMFILE");
    };
    expect(await runPlugin(host)).toBe(0);
    expect(spooled(host)).toHaveLength(1);
  });

  test.for([
    ["another error of the agent", DEL, answer(500, '{"code":199,"msg":"a defect"}'), 199],
    ["no container ID", { ...DEL, CNI_CONTAINERID: "" }, away, 4],
    ["no interface", { ...DEL, CNI_IFNAME: "" }, away, 4],
    ["a container ID that no ADD can have had", { ...DEL, CNI_CONTAINERID: "../x" }, away, 4],
  ] as const)("does not with %s: that is an error", async ([, env, outcome, code]) => {
    const host = new FakeHost(env, CONFIG, outcome);
    expect(await failureOf(host)).toMatchObject({ code });
    expect(host.files.size).toBe(0);
  });

  test("does not when the agent has carried it out", async () => {
    const host = new FakeHost(DEL, CONFIG, answer(200, ""));
    expect(await runPlugin(host)).toBe(0);
    expect(host.files.size).toBe(0);
  });

  test("succeeds also where the disk is full, and says on standard error what is not released", async () => {
    const host = new FakeHost({ ...DEL, CLUSTER_IPAM_SPOOL: "/tmp/spool" }, CONFIG, away);
    host.writeFile = () => {
      throw new Error("ENOSPC: no space left on device");
    };
    expect(await runPlugin(host)).toBe(0);
    expect(host.stdout).toBe("");
    expect(host.stderr).toMatch(/^cluster-ipam: no agent took the DEL of container c1, interface net1, .*\n$/);
    for (const part of ["/tmp/spool/", "ENOSPC"]) expect(host.stderr).toContain(part);
  });

  test("succeeds where nobody reads that either", async () => {
    const host = new FakeHost(DEL, CONFIG, away);
    host.writeFile = host.write = () => {
      throw new Error("EIO");
    };
    expect(await runPlugin(host)).toBe(0);
  });
});

describe("standard input that cannot be read", () => {
  class Unreadable extends FakeHost {
    override readStdin(): string {
      throw new Error("EIO");
    }
  }

  test("is an I/O failure for ADD", async () => {
    const error = await failureOf(new Unreadable(ADD));
    expect(error).toMatchObject({ code: 5, msg: expect.stringContaining("EIO") });
  });

  test("does not keep DEL from releasing", async () => {
    const host = new Unreadable({ ...ADD, CNI_COMMAND: "DEL" }, CONFIG, answer(200, ""));
    expect(await runPlugin(host)).toBe(0);
    expect(host.calls[0]?.request).toContain('"stdin":""');
  });
});

describe("a host that fails", () => {
  test.for(["bootTime", "env", "exchange"] as const)(
    "in %s gives an internal error, never an exception",
    async (method) => {
      const host = new FakeHost(ADD);
      host[method] = () => {
        throw new Error("boom");
      };
      expect(await failureOf(host)).toMatchObject({ code: 199, msg: expect.stringContaining("boom") });
    },
  );

  test("later, in a promise, does so too", async () => {
    const host = new FakeHost(ADD);
    host.exchange = () => Promise.reject(new Error("boom"));
    expect(await failureOf(host)).toMatchObject({ code: 199, cniVersion: "1.1.0" });
  });

  test("in writing gives a failed status and no second try", async () => {
    const host = new FakeHost(ADD);
    host.write = (_stream, text) => {
      host.stdout += text;
      throw new Error("EIO");
    };
    expect(await runPlugin(host)).toBe(1);
    expect(host.stdout).toBe(RESULT);
  });
});

test("whatever comes in, one JSON document or nothing comes out, and a status that fits it", async () => {
  const text = fc.string({ unit: "binary" });
  const command = fc.constantFrom("ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION", "");
  const env = fc.record({ CNI_COMMAND: command, CNI_CONTAINERID: fc.oneof(text, fc.constant("c1")), CNI_ARGS: text });
  const stdin = fc.oneof(text, fc.json(), fc.constant(CONFIG));
  const reply = fc
    .oneof(text, fc.json())
    .chain((body) =>
      fc.constantFrom<ExchangeOutcome>(
        answer(200, body),
        answer(500, body),
        { kind: "answer", text: body },
        { kind: "timeout" },
      ),
    );
  await fc.assert(
    fc.asyncProperty(env, stdin, reply, async (variables, input, outcome) => {
      const host = new FakeHost({ ...ADD, ...variables }, input, outcome);
      const status = await runPlugin(host);
      const printed: unknown = host.stdout === "" ? undefined : JSON.parse(host.stdout);
      if (status === 0) expect(printed === undefined).toBe(!["ADD", "VERSION"].includes(variables.CNI_COMMAND));
      else expect(printed).toMatchObject({ code: expect.any(Number), msg: expect.any(String) });
    }),
    { numRuns: 1000 },
  );
}, 60_000);
