import {
  type CniCall,
  cniEnvironment,
  pluginEnvironment,
  runCommand,
  SEARCH_PATH,
  toolPath,
} from "@cluster-ipam/test-integration";
import type { Attachment } from "./attachment.ts";
import { NETWORKS } from "./networks.ts";
import { type PluginEnd, readPluginOutput } from "./plugin-answer.ts";

/** Twice what the slowest call may take: the machine may be busy. */
const CALL_TIMEOUT_MS = 60_000;

/** One run of the plugin. */
export interface PluginCall {
  readonly command: "ADD" | "DEL" | "CHECK";
  readonly attachment: Attachment;
  /** Of the agent that it is to find. */
  readonly socketPath: string;
  /** What a CHECK is told to be there. */
  readonly addresses?: readonly string[] | undefined;
  /** Kills the plugin. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs the plugin's binary for one call. Never throws: whatever happens is an end. */
export async function callPlugin(call: PluginCall): Promise<PluginEnd> {
  const network = NETWORKS.find(({ name }) => name === call.attachment.network);
  if (network === undefined) throw new Error(`no network ${call.attachment.network}`);
  const config = { ...network.config, ...prevResult(call, network.cniVersion) };
  try {
    const output = await runCommand([toolPath("cluster-ipam")], {
      env: { PATH: SEARCH_PATH, ...pluginEnvironment(call.socketPath), ...cniEnvironment(cniCall(call, config)) },
      input: JSON.stringify(config),
      timeoutMs: CALL_TIMEOUT_MS,
      signal: call.signal,
    });
    return readPluginOutput(call.command, output, network);
  } catch (error) {
    if (call.signal?.aborted === true) return { kind: "killed" };
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: reason.includes("still running") ? "unanswered" : "not-run", reason };
  }
}

function cniCall({ command, attachment }: PluginCall, config: CniCall["config"]): CniCall {
  const { containerId, netns, ifName, pod } = attachment;
  return { command, containerId, netns, ifName, pod, config };
}

function prevResult({ addresses }: PluginCall, cniVersion: string): object {
  if (addresses === undefined) return {};
  const ips = addresses.map((address) => ({ address: `${address}/${address.includes(":") ? 112 : 20}` }));
  return { prevResult: { cniVersion, ips } };
}
