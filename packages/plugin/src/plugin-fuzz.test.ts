import { answerVersion, SUPPORTED_VERSIONS } from "@cluster-ipam/cni";
import { CATALOGUE } from "@cluster-ipam/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ExchangeOutcome, Host } from "./host.ts";
import { runPlugin } from "./plugin.ts";

const COMMANDS = ["ADD", "DEL", "CHECK", "STATUS", "GC"];
const ENVIRONMENT = { CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/c1", CNI_IFNAME: "net1" };
const RESULT = '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}]}';
const ERROR = '{"cniVersion":"1.1.0","code":101,"msg":"pool lan is full"}';
const INTERNAL = CATALOGUE.internal.cni;
const CODES = new Set(Object.values(CATALOGUE).map(({ cni }) => cni));

/** What nobody outside may ever read unless he said it: the inside of a program, and a second line. */
const LEAKS = [
  /\\n/,
  /\bat .+:\d+:\d+/,
  /\.[cm]?[jt]s:\d/,
  /\bundefined\b/,
  /\[object \w+\]/,
  /\bNaN\b/,
  /is not a function/,
];

const slip = fc.oneof(
  fc.constantFrom(
    "",
    "-",
    "..",
    "a/b",
    "a b",
    "eth0:1",
    "x".repeat(16),
    "\ud800",
    "add",
    "ADD ",
    "é",
    "a\nb",
    "\u0000",
  ),
  fc.string({ unit: "binary" }),
);
const variables = fc.dictionary(
  fc.constantFrom("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CLUSTER_IPAM_SOCKET", "X"),
  slip,
  { maxKeys: 2 },
);
const cniArgs = fc
  .array(fc.oneof(fc.constantFrom("IgnoreUnknown=1", "IgnoreUnknown=x", "IP=10.0.0.5", "IP", "a=b=c", "=", ""), slip))
  .map((pairs) => pairs.join(";"));

const environment = fc
  .tuple(fc.constantFrom(...COMMANDS, "VERSION"), cniArgs, variables)
  .map(([CNI_COMMAND, CNI_ARGS, wrong]) => ({ ...ENVIRONMENT, CNI_COMMAND, CNI_ARGS, ...wrong }));

/** A network configuration with some of its keys wrong. */
const config = fc
  .record({
    version: fc.constantFrom(...SUPPORTED_VERSIONS, "1.2.0", "", 1, null),
    name: fc.constantFrom("lan", "lan", "lan", "a/b", "", 7, null),
    wrong: fc.dictionary(
      fc.constantFrom("ipam", "runtimeConfig", "prevResult", "args", "cni.dev/valid-attachments", "NAME", "__proto__"),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 2 },
    ),
  })
  .map(({ version, name, wrong }) =>
    JSON.stringify({ cniVersion: version, name, type: "macvlan", ipam: {}, ...wrong }),
  );
const stdin = fc.oneof(
  { arbitrary: config, weight: 8 },
  fc.tuple(config, fc.nat()).map(([text, at]) => text.slice(0, at % text.length)),
  fc.string({ unit: "binary" }),
  fc.json(),
);
const outcome: fc.Arbitrary<ExchangeOutcome> = fc.oneof(
  fc.constantFrom<ExchangeOutcome>(
    answer(200, RESULT),
    answer(200, ""),
    answer(409, ERROR),
    answer(500, "<html>"),
    { kind: "timeout" },
    { kind: "unreachable", reason: "ENOENT" },
    { kind: "broken", reason: "ECONNRESET" },
  ),
  fc.string({ unit: "binary" }).map((text) => ({ kind: "answer", text }) as const),
);

test("whatever it is called with, the plugin prints a result, nothing, or one line that a person can use", async () => {
  await fc.assert(
    fc.asyncProperty(environment, stdin, outcome, async (env, input, reply) => {
      const { status, stdout } = await run(env, input, reply);
      if (status === 0) expect(stdout === "").toBe(!["ADD", "VERSION"].includes(env.CNI_COMMAND));
      else if (stdout !== ERROR) expectUsable(stdout, answerVersion(input), JSON.stringify([env, input, reply]));
    }),
    { numRuns: 2_000, timeout: 3_000 },
  );
}, 60_000);

/** One call on a machine in memory. */
async function run(
  env: Readonly<Record<string, string>>,
  input: string,
  reply: ExchangeOutcome,
): Promise<{ readonly status: number; readonly stdout: string }> {
  let stdout = "";
  const host: Host = {
    env: () => env,
    readStdin: () => input,
    exchange: () => reply,
    write: (stream, text) => void (stream === "stdout" && (stdout += text)),
    writeFile: () => undefined,
    fileAgeMs: () => undefined,
    readFile: () => "",
    appendFile: () => undefined,
    bootTime: () => ({ ns: 1n, bootId: "boot-1", epochMs: 0 }),
  };
  const status = await runPlugin(host);
  return { status, stdout };
}

function expectUsable(stdout: string, cniVersion: string, said: string): void {
  const error = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  expect(Object.keys(error).filter((key) => key !== "details")).toEqual(["cniVersion", "code", "msg"]);
  expect(error["cniVersion"]).toBe(cniVersion);
  expect(CODES).toContain(error["code"]);
  expect(error["code"], stdout).not.toBe(INTERNAL);
  expect(error["msg"]).toMatch(/^[^]{1,1024}$/);
  for (const leak of LEAKS) if (!leak.test(said)) expect(stdout).not.toMatch(leak);
}

function answer(status: number, body: string): ExchangeOutcome {
  return { kind: "answer", text: `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}` };
}
