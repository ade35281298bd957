import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ADD, CONFIG, RESULT } from "./testing/calls.ts";
import { type PluginProgram, pluginPrograms, runPlugin } from "./testing/plugin-process.ts";
import { responseText, ScriptedAgent } from "./testing/scripted-agent.ts";

const RUNS = 60;

/** The same cases in every run; a failure's report says how to see that case alone. */
const SEED = 6_202_611;

interface Case {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | Uint8Array;
  readonly answer: string | Uint8Array;
}

const value = fc.oneof(
  fc.constantFrom(
    "",
    "c1",
    "net1",
    "eth0",
    "a/b",
    "..",
    "x".repeat(16),
    "żółw0",
    "😀",
    "A=1",
    "IgnoreUnknown=1;A=b",
    ";",
  ),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\0", "")),
);

const env = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION") },
      { weight: 1, arbitrary: value },
    ),
    fc.dictionary(fc.constantFrom("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_X"), value, {
      maxKeys: 2,
    }),
  )
  .map(([command, changed]) => ({ ...ADD, CNI_COMMAND: command, ...changed }));

const config = fc
  .record(
    {
      cniVersion: fc.constantFrom<unknown>("0.1.0", "0.4.0", "1.0.0", "1.1.0", "", "9.9.9", null, 1),
      name: fc.constantFrom<unknown>("lan", "a b", "", "żółw", "\ud800", "😀".repeat(50), 1e21, -0, null),
      ipam: fc.constantFrom<unknown>({}, [], 5e-324, "x", { type: "cluster-ipam" }),
      "cni.dev/valid-attachments": fc.constantFrom<unknown>([], [{ containerID: "c", ifname: "i" }], [1], "x"),
      note: fc.jsonValue({ maxDepth: 3 }),
    },
    { requiredKeys: ["cniVersion", "name"] },
  )
  .map((members) => JSON.stringify(members));

/** A text with a piece cut out, so that it breaks somewhere. */
function cut(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.nat(), fc.integer({ min: 1, max: 8 }))
    .map(([text, at, count]) => text.slice(0, at % text.length) + text.slice((at % text.length) + count));
}

const stdin: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  config,
  fc.constant(CONFIG),
  cut(config),
  fc.uint8Array({ maxLength: 64 }),
  fc.string({ unit: "binary", maxLength: 40 }),
);

const body = fc.oneof(
  fc.constantFrom(
    "",
    RESULT,
    "[]",
    "null",
    '{"code":11,"msg":"later"}',
    '{"cniVersion":"1.1.0","code":101,"msg":"żółw 😀"}',
  ),
  config,
  fc.jsonValue({ maxDepth: 2 }).map((any) => JSON.stringify(any)),
);
const response = fc
  .tuple(fc.constantFrom(200, 200, 204, 400, 409, 500, 503), body)
  .map(([status, text]) => responseText(status, text));

const answer: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: response },
  { weight: 1, arbitrary: cut(response) },
  { weight: 1, arbitrary: response.map((text) => text.replace("\r\n", "\r\nTransfer-Encoding: chunked\r\n")) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);

/** Everything that a call shows to the world, but for the times. */
async function observe(program: PluginProgram, call: Case): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "cluster-ipam-differential-"));
  await using agent = await ScriptedAgent.start((socket) => socket.end(call.answer));
  try {
    const own = { CLUSTER_IPAM_SOCKET: agent.path, CLUSTER_IPAM_SPOOL: join(folder, "spool") };
    const { status, stdout, stderr } = await runPlugin(program, { ...call.env, ...own }, call.stdin);
    return {
      status,
      stdout: stdout.replaceAll(agent.path, "SOCKET"),
      stderr,
      requests: agent.requests.map((text) => text.replace(/"startedAt":"\d+"|Content-Length: \d+/g, "")),
      spooled: readSpool(folder),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readSpool(folder: string): readonly (readonly [string, string])[] {
  if (!readdirSync(folder).includes("spool")) return [];
  const spool = join(folder, "spool");
  return readdirSync(spool).map((name) => {
    const text = readFileSync(join(spool, name), "utf8").replace(/"startedAt":"\d+"/, "");
    return [name.replace(/^\d+/, ""), text];
  });
}

test("whatever comes in, both hosts do the same", async () => {
  const [node, native] = pluginPrograms();
  if (node === undefined || native === undefined) throw new Error("expected two hosts");
  const property = fc.asyncProperty(fc.record({ env, stdin, answer }), async (call) => {
    const [expected, found] = await Promise.all([observe(node, call), observe(native, call)]);
    expect(found).toEqual(expected);
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
}, 120_000);
