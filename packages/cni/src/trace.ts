import { isoTime } from "./iso-time.ts";
import { TraceSecrets } from "./trace-secrets.ts";

/** A trace file is as long as this at most, in bytes, and then makes room for a new one. */
export const TRACE_MAX_BYTES: number = 10 * 1024 * 1024;
/** Longest line, in characters: a longer call is written without its standard input. */
const LINE_LIMIT = 1024 * 1024;
/** How much of an answer a line holds then. */
const OUTPUT_LIMIT = 4096;

/** One request to the API server that a call made; status 0 where there was no answer. */
export interface TracedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
}

/** One CNI call and what became of it. */
export interface TracedCall {
  /** The wall clock's, in milliseconds since 1970, when the call began. */
  readonly startedAtEpochMs: number;
  /** Who writes: the plugin does for calls that the agent did not answer. */
  readonly by: "agent" | "plugin";
  /** Undefined where the writer does not know it. */
  readonly node?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly stdout: string;
  readonly exitCode: number;
  readonly durationMs: number;
  /** What the agent asked the API server for on behalf of the call. */
  readonly requests?: readonly TracedRequest[];
}

/** The file whose being there switches the trace on, in the agent's state folder. */
export function traceControlPath(stateFolder: string): string {
  return `${stateFolder}/trace.on`;
}

/** Where the trace goes: what the control file's first line says, if that is an absolute path. */
export function tracePath(controlText: string, stateFolder: string): string {
  const [line = ""] = controlText.split("\n", 1);
  const path = line.trim();
  return path.startsWith("/") ? path : `${stateFolder}/trace.jsonl`;
}

/** The line of the trace that stands for `call`, its end included, with nothing secret in it. Never throws. */
export function encodeTraceLine(call: TracedCall): string {
  const secrets = new TraceSecrets();
  const env = secrets.hideInEnvironment(call.env);
  const stdin = secrets.hideInStdin(call.stdin);
  const stdout = secrets.hideInOutput(call.stdout);
  const line = lineOf(call, { env, stdin, stdout });
  if (line.length <= LINE_LIMIT) return line;
  return lineOf(call, {
    env: {},
    stdin: `(${call.stdin.length} characters left out)`,
    stdout: stdout.slice(0, OUTPUT_LIMIT),
  });
}

function lineOf(call: TracedCall, shown: Readonly<Record<"env" | "stdin" | "stdout", unknown>>): string {
  const { startedAtEpochMs, by, node, env, exitCode, durationMs, requests } = call;
  const fields = {
    time: isoTime(startedAtEpochMs),
    ...(node === undefined ? {} : { node }),
    by,
    command: env["CNI_COMMAND"] ?? "",
    containerId: env["CNI_CONTAINERID"] ?? "",
    ifName: env["CNI_IFNAME"] ?? "",
    exitCode,
    durationMs: rounded(durationMs),
    ...shown,
    ...(requests === undefined ? {} : describeRequests(requests)),
  };
  return `${JSON.stringify(fields)}\n`;
}

function describeRequests(requests: readonly TracedRequest[]): object {
  return {
    conflicts: requests.filter(({ method, status }) => method === "POST" && status === 409).length,
    requestCount: requests.length,
    requests: requests.map((request) => ({ ...request, durationMs: rounded(request.durationMs) })),
  };
}

/** To the microsecond. */
function rounded(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}
