import { setImmediate as turn } from "node:timers/promises";
import type { TracedRequest } from "@cluster-ipam/cni";
import { beforeEach, expect, test } from "vitest";
import { CallTrace } from "./call-trace.ts";

const WIRE = { startedAt: "1", env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" }, stdin: '{"name":"lan"}' };
const CREATE: TracedRequest = { method: "POST", path: "/ipleases", status: 201, durationMs: 1 };

let path: string | undefined;
let written: { readonly path: string; readonly line: Record<string, unknown> }[];
let trace: CallTrace;

beforeEach(() => {
  path = "/trace";
  written = [];
  trace = new CallTrace({
    node: "n1",
    control: {
      get path() {
        return path;
      },
    },
    file: {
      append: (to, line) => void written.push({ path: to, line: JSON.parse(line) as Record<string, unknown> }),
      flush: () => Promise.resolve(),
    },
    epochMs: () => 0,
  });
});

test("a call is written down once it has been answered, and not before", async () => {
  const answer = await trace.observe(WIRE, () => Promise.resolve({ text: "{}", exitCode: 0 as const, more: 1 }));
  expect(answer).toEqual({ text: "{}", exitCode: 0, more: 1 });
  expect(written).toEqual([]);
  await turn();
  expect(written).toMatchObject([
    {
      path: "/trace",
      line: {
        time: "1970-01-01T00:00:00.000Z",
        node: "n1",
        by: "agent",
        command: "ADD",
        env: WIRE.env,
        stdin: { name: "lan" },
        stdout: "{}",
        exitCode: 0,
        requestCount: 0,
      },
    },
  ]);
});

test("nothing is written while the trace is off", async () => {
  path = undefined;
  await trace.observe(WIRE, async () => {
    trace.requestEnded(CREATE);
    return { text: "", exitCode: 0 as const };
  });
  await turn();
  expect(written).toEqual([]);
});

test("each of two calls at once has its own requests, and what nobody called for belongs to none", async () => {
  const barrier = Promise.withResolvers<void>();
  const calls = ["/a", "/b"].map((of) =>
    trace.observe({ ...WIRE, stdin: of }, async () => {
      await barrier.promise;
      trace.requestEnded({ ...CREATE, path: of });
      return { text: "", exitCode: 1 as const };
    }),
  );
  trace.requestEnded({ ...CREATE, path: "/background" });
  barrier.resolve();
  await Promise.all(calls);
  await turn();
  expect(written.map(({ line }) => [line["stdin"], line["requests"]])).toEqual([
    ["/a", [{ ...CREATE, path: "/a" }]],
    ["/b", [{ ...CREATE, path: "/b" }]],
  ]);
});

test("the requests of one call are bounded", async () => {
  await trace.observe(WIRE, async () => {
    for (let at = 0; at < 2_000; at += 1) trace.requestEnded(CREATE);
    return { text: "", exitCode: 0 as const };
  });
  await turn();
  expect(written[0]?.line["requestCount"]).toBe(1_000);
});

test.each([undefined, null, [], { env: null, stdin: 7 }, { env: { CNI_COMMAND: 7 } }])(
  "what is no call is written down as far as it is one: %j",
  async (wire) => {
    await trace.observe(wire, () => Promise.resolve({ text: "x", exitCode: 1 as const }));
    await turn();
    expect(written).toMatchObject([{ line: { exitCode: 1, stdin: "", stdout: "x" } }]);
  },
);
