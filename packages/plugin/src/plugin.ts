import {
  answerVersion,
  type Command,
  DEFAULT_SOCKET_PATH,
  DEFAULT_SPOOL_FOLDER,
  decodeRequest,
  encodeError,
  encodeHttpRequest,
  presencePath,
  versionResult,
  type WireRequest,
} from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { type CallEnd, isTryAgainLater, readAnswer } from "./agent-answer.ts";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import type { ExchangeCall, Host } from "./host.ts";
import { spoolRelease } from "./spool-release.ts";
import { type CallInput, traceCall } from "./trace-call.ts";

/** For so long STATUS does not mind that no agent is there. */
const ABSENCE_GRACE_MS = 60_000;

/** What a caller of {@link runPlugin} may change. */
export interface PluginOptions {
  /** {@link DEADLINES} unless given. */
  readonly deadlines?: Readonly<Record<Command, Deadlines>>;
}

/** One call and where it goes. */
interface Call {
  readonly wire: WireRequest;
  readonly bootId: string;
  readonly socketPath: string;
  readonly spoolFolder: string;
}

/**
 * Runs one CNI call to its end and returns the exit status of the process; never throws.
 *
 * Everything is decided by the agent, but for VERSION and for calls that do not decode: those get their answer with no
 * agent about. A DEL that the agent may not have carried out is left in the spool for it and succeeds: one that failed
 * would keep the pod from going. Standard output receives exactly one JSON document on a result or an error, and nothing else.
 *
 * @example
 * process.exit(await runPlugin(createNodeHost(process.env)));
 */
export async function runPlugin(host: Host, options: PluginOptions = {}): Promise<number> {
  const input: CallInput = { startedAt: undefined, env: {}, stdin: "" };
  const end = await answerCall(host, input, options.deadlines ?? DEADLINES);
  const exitStatus = print(host, end);
  if (end.by === "plugin") traceCall(host, input, { ...end, exitStatus }, spoolFolderOf(input.env));
  return exitStatus;
}

function print(host: Host, { stdout, exitStatus }: CallEnd): 0 | 1 {
  try {
    if (stdout !== "") host.write("stdout", stdout);
    return exitStatus;
  } catch {
    // The one channel to the caller is gone: the status is all that is left to tell it.
    return 1;
  }
}

async function answerCall(
  host: Host,
  input: CallInput,
  deadlines: Readonly<Record<Command, Deadlines>>,
): Promise<CallEnd> {
  try {
    // First of all: a DEL beats the ADDs that began before it, so the call must not age while its input is read.
    const startedAt = host.bootTime();
    input.startedAt = startedAt;
    const env = host.env();
    input.env = env;
    if (env["CNI_COMMAND"] === "VERSION") return { stdout: versionResult(), exitStatus: 0, by: "plugin" };
    const stdin = readStdin(host, env);
    input.stdin = stdin;
    const wire: WireRequest = { startedAt: startedAt.ns.toString(), env: cniVariables(env), stdin };
    const socketPath = env["CLUSTER_IPAM_SOCKET"] || DEFAULT_SOCKET_PATH;
    const call = { wire, bootId: startedAt.bootId, socketPath, spoolFolder: spoolFolderOf(env) };
    return await carryOut(host, call, deadlines);
  } catch (error) {
    const stdout = encodeError(IpamError.from(error), answerVersion(input.stdin));
    return { stdout, exitStatus: 1, by: "plugin" };
  }
}

function spoolFolderOf(env: Readonly<Record<string, string>>): string {
  return env["CLUSTER_IPAM_SPOOL"] || DEFAULT_SPOOL_FOLDER;
}

function readStdin(host: Host, env: Readonly<Record<string, string>>): string {
  try {
    return host.readStdin();
  } catch (cause) {
    // The environment alone names the attachment of a DEL.
    if (env["CNI_COMMAND"] === "DEL") return "";
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new IpamError("io-failure", `standard input could not be read: ${reason}`, { cause });
  }
}

async function carryOut(
  host: Host,
  { wire, bootId, socketPath, spoolFolder }: Call,
  deadlines: Readonly<Record<Command, Deadlines>>,
): Promise<CallEnd> {
  const { command, attachment, startedAtNs } = decodeRequest(wire);
  const call: ExchangeCall = { path: socketPath, request: encodeHttpRequest(wire), ...deadlines[command] };
  if (command === "STATUS") return askStatus(host, call);
  if (command !== "DEL") return askAgent(host, command, call);
  // Whatever went wrong on the way: only the agent's own word ends a DEL in an error.
  const end = await askAgent(host, command, call).catch(() => undefined);
  if (end !== undefined && !isTryAgainLater(end)) return end;
  spoolRelease(host, { attachment, startedAtNs, bootId }, spoolFolder);
  return { stdout: "", exitStatus: 0, by: "plugin" };
}

/**
 * An agent that is being replaced, or starts again, is no reason to call the node unfit for pods: the runtime would pass
 * that on as NetworkReady=false.
 */
async function askStatus(host: Host, call: ExchangeCall): Promise<CallEnd> {
  try {
    return await askAgent(host, "STATUS", call);
  } catch (error) {
    const absentForMs = host.fileAgeMs(presencePath(call.path));
    if (absentForMs !== undefined && absentForMs < ABSENCE_GRACE_MS) return { stdout: "", exitStatus: 0, by: "plugin" };
    throw error;
  }
}

async function askAgent(host: Host, command: Command, call: ExchangeCall): Promise<CallEnd> {
  return readAnswer(await host.exchange(call), command, call);
}

function cniVariables(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("CNI_")));
}
