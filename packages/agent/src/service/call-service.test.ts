import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { wireCall } from "../testing/cni-calls.ts";
import { MeterNotes } from "../testing/meter-notes.ts";
import { type Printed, ServedAgents } from "../testing/served-agents.ts";
import { CallTrace } from "../trace/call-trace.ts";

let meter: MeterNotes;
let lines: string[];
let agents: ServedAgents;

beforeEach(async () => {
  meter = new MeterNotes();
  lines = [];
  const file = { append: (_path: string, line: string) => void lines.push(line), flush: () => Promise.resolve() };
  const trace = new CallTrace({ node: "n1", control: { path: "/trace" }, file, epochMs: () => 0 });
  agents = new ServedAgents({ meter, trace });
  await agents.renew();
});

afterEach(() => agents[Symbol.asyncDispose]());

function all(): Promise<readonly Printed[]> {
  const odd = { startedAt: "1", env: { CNI_COMMAND: "MAKE" }, stdin: "" };
  const calls = [wireCall(), wireCall({ command: "DEL" }), wireCall({ ipam: { subnet: "nonsense" } }), odd];
  return Promise.all(calls.map((call) => agents.call(call)));
}

test("every call is counted once, with the code that it was answered with", async () => {
  await all();
  // Not even a call: its body has no environment.
  await agents.call({} as ReturnType<typeof wireCall>);
  expect(new Set(meter.notes)).toEqual(new Set(["ADD 0", "DEL 0", "ADD 7", "invalid 4", "invalid 6"]));
  expect(meter.notes).toHaveLength(5);
});

test("every call is traced with the bytes that it was answered with", async () => {
  const printed = await all();
  await turn();
  const traced = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const seen = traced.map(({ exitCode, stdout }) => ({ isSuccess: exitCode === 0, text: stdout }));
  expect(new Set(seen.map((each) => JSON.stringify(each)))).toEqual(
    new Set(printed.map((each) => JSON.stringify(each))),
  );
  expect(traced).toHaveLength(4);
});
