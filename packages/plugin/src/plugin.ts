import {
  answerVersion,
  type Command,
  DEFAULT_SOCKET_PATH,
  decodeRequest,
  encodeError,
  encodeHttpRequest,
  versionResult,
  type WireRequest,
} from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { type CallEnd, readAnswer } from "./agent-answer.ts";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import type { ExchangeCall, Host } from "./host.ts";

/** What a caller of {@link runPlugin} may change. */
export interface PluginOptions {
  /** {@link DEADLINES} unless given. */
  readonly deadlines?: Readonly<Record<Command, Deadlines>>;
}

/**
 * Runs one CNI call to its end and returns the exit status of the process; never throws.
 *
 * Everything is decided by the agent, but for VERSION and for calls that do not decode: those get their answer with no
 * agent about. Standard output receives exactly one JSON document on a result or an error, and nothing else.
 *
 * @example
 * process.exit(await runPlugin(createNodeHost(process.env)));
 */
export async function runPlugin(host: Host, options: PluginOptions = {}): Promise<number> {
  const { stdout, exitStatus } = await answerCall(host, options.deadlines ?? DEADLINES);
  try {
    if (stdout !== "") host.writeStdout(stdout);
    return exitStatus;
  } catch {
    // The one channel to the caller is gone: the status is all that is left to tell it.
    return 1;
  }
}

async function answerCall(host: Host, deadlines: Readonly<Record<Command, Deadlines>>): Promise<CallEnd> {
  let stdin = "";
  try {
    // First of all: a DEL beats the ADDs that began before it, so the call must not age while its input is read.
    const startedAt = host.bootTimeNs().toString();
    const env = host.env();
    if (env["CNI_COMMAND"] === "VERSION") return { stdout: versionResult(), exitStatus: 0 };
    stdin = readStdin(host, env);
    const path = env["CLUSTER_IPAM_SOCKET"] || DEFAULT_SOCKET_PATH;
    return await askAgent(host, { startedAt, env: cniVariables(env), stdin }, path, deadlines);
  } catch (error) {
    return { stdout: encodeError(IpamError.from(error), answerVersion(stdin)), exitStatus: 1 };
  }
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

async function askAgent(
  host: Host,
  wire: WireRequest,
  path: string,
  deadlines: Readonly<Record<Command, Deadlines>>,
): Promise<CallEnd> {
  const { command } = decodeRequest(wire);
  const call: ExchangeCall = { path, request: encodeHttpRequest(wire), ...deadlines[command] };
  return readAnswer(await host.exchange(call), command, call);
}

function cniVariables(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("CNI_")));
}
