import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { CNI_ROUTE, type WireRequest } from "@cluster-ipam/cni";
import { runCommand } from "./command.ts";
import { BUILD_FOLDER, TOOL_FOLDER, toolPath } from "./tools.ts";
import { requestOverSocket } from "./unix-http.ts";

/** Where runtimes look for plugins: the reference plugins and ours. */
export const CNI_PATH: string = `${TOOL_FOLDER}:${BUILD_FOLDER}`;

/** The search path of every program that the harness starts. */
export const SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Who a pod is. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One call of an IPAM plugin, as macvlan and others make it. */
export interface CniCall {
  readonly command: "ADD" | "DEL" | "CHECK" | "STATUS" | "GC" | "VERSION";
  readonly containerId?: string | undefined;
  readonly netns?: string | undefined;
  readonly ifName?: string | undefined;
  readonly pod?: Pod | undefined;
  /** More of CNI_ARGS, such as IP. */
  readonly args?: Readonly<Record<string, string>> | undefined;
  /** The network configuration: an object, or a text as it stands. */
  readonly config: string | Readonly<Record<string, unknown>>;
}

/** What came out of a call. `stdout` is exactly what the plugin prints. */
export type CniOutcome =
  | { readonly kind: "success"; readonly stdout: string; readonly result: unknown }
  | { readonly kind: "failure"; readonly stdout: string; readonly error: CniError };

/** An error result of the CNI specification. */
export interface CniError {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** What {@link callAgent} and {@link callPlugin} may be told besides the call. */
export interface CallOptions {
  /** Nanoseconds of CLOCK_BOOTTIME at which the plugin is said to have started; now when absent. */
  readonly startedAtNs?: bigint | undefined;
  readonly timeoutMs?: number | undefined;
  /** When it fires, the caller hangs up (callAgent) or is killed (callPlugin). */
  readonly signal?: AbortSignal | undefined;
}

/** Longer than an ADD may take at worst. */
const CALL_TIMEOUT_MS = 40_000;

/** Asks an agent over its socket, as the plugin does, without a process in between. */
export async function callAgent(socketPath: string, call: CniCall, options: CallOptions = {}): Promise<CniOutcome> {
  const startedAt = (options.startedAtNs ?? bootTimeNs()).toString();
  const wire: WireRequest = { startedAt, env: cniEnvironment(call), stdin: configText(call) };
  const { timeoutMs = CALL_TIMEOUT_MS, signal } = options;
  const body = JSON.stringify(wire);
  const answer = await requestOverSocket({ socketPath, method: "POST", path: CNI_ROUTE, body, timeoutMs, signal });
  return toOutcome(answer.status === 200, answer.body);
}

/** The state folder of the agent that listens on a socket: beside it. */
export function stateFolderOf(socketPath: string): string {
  return join(dirname(socketPath), "state");
}

/** What the plugin has to be told on the node whose agent listens on a socket. */
export function pluginEnvironment(socketPath: string): Readonly<Record<string, string>> {
  return { CLUSTER_IPAM_SOCKET: socketPath, CLUSTER_IPAM_SPOOL: join(stateFolderOf(socketPath), "spool") };
}

/** Runs the built plugin itself. Its start time is its own. */
export async function callPlugin(
  socketPath: string,
  call: CniCall,
  options: Omit<CallOptions, "startedAtNs"> = {},
): Promise<CniOutcome> {
  const { exitCode, stdout } = await runCommand([toolPath("cluster-ipam")], {
    env: { PATH: SEARCH_PATH, ...pluginEnvironment(socketPath), ...cniEnvironment(call) },
    input: configText(call),
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
    signal: options.signal,
  });
  return toOutcome(exitCode === 0, stdout);
}

/** The CNI_* variables of a call. What the call leaves out is not set. */
export function cniEnvironment(call: CniCall): Readonly<Record<string, string>> {
  const variables = {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerId,
    CNI_NETNS: call.netns,
    CNI_IFNAME: call.ifName,
    CNI_ARGS: formatCniArgs(call.pod, call.args),
    CNI_PATH,
  };
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** CNI_ARGS as runtimes write it; undefined when there is nothing to say. */
export function formatCniArgs(pod: Pod | undefined, more: Readonly<Record<string, string>> = {}): string | undefined {
  const ofPod = pod && { K8S_POD_NAMESPACE: pod.namespace, K8S_POD_NAME: pod.name, K8S_POD_UID: pod.uid };
  const entries = Object.entries({ ...ofPod, ...more });
  if (entries.length === 0) return undefined;
  return ["IgnoreUnknown=1", ...entries.map(([key, value]) => `${key}=${value}`)].join(";");
}

function configText({ config }: CniCall): string {
  return typeof config === "string" ? config : JSON.stringify(config);
}

/** @throws SyntaxError when the output is not what the specification allows. */
function toOutcome(isSuccess: boolean, stdout: string): CniOutcome {
  if (isSuccess) return { kind: "success", stdout, result: stdout === "" ? undefined : JSON.parse(stdout) };
  return { kind: "failure", stdout, error: JSON.parse(stdout) as CniError };
}

/** How long the machine has been suspended: CLOCK_BOOTTIME runs on then, Node's own clock does not. */
const SUSPENDED_SECONDS = Math.round(uptime() - Number(process.hrtime.bigint()) / 1e9);

function bootTimeNs(): bigint {
  return process.hrtime.bigint() + BigInt(Math.max(0, SUSPENDED_SECONDS)) * 1_000_000_000n;
}
