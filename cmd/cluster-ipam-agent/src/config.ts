import { parseArgs } from "node:util";
import { LOG_LEVELS, type LogLevel } from "@cluster-ipam/telemetry";
import * as z from "zod";

/** What the agent is told on its command line. */
export interface AgentConfig {
  readonly nodeName: string;
  /** Undefined: the service account of the pod that the agent runs in. */
  readonly kubeconfig: string | undefined;
  readonly socket: string;
  readonly stateDir: string;
  readonly logLevel: LogLevel;
}

/** A command line that cannot be used; the message names the flag, the value and what is expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const OPTIONS = {
  "node-name": { type: "string" },
  kubeconfig: { type: "string" },
  socket: { type: "string", default: "/run/cluster-ipam/agent.sock" },
  "state-dir": { type: "string", default: "/var/lib/cluster-ipam" },
  "log-level": { type: "string", default: "info" },
} as const;

/** sun_path of unix(7) is 108 bytes; the agent first listens on the path with its process ID behind it. */
const SOCKET_PATH_MAX_BYTES = 96;

const NODE_NAME_EXPECTED = "expected the name of the Node object that the agent runs on";
const absolutePath = z.string().startsWith("/", "expected an absolute path");
const configSchema = z.object({
  "node-name": z.string(NODE_NAME_EXPECTED).min(1, NODE_NAME_EXPECTED),
  kubeconfig: absolutePath.optional(),
  socket: absolutePath.refine(
    (path) => Buffer.byteLength(path) <= SOCKET_PATH_MAX_BYTES,
    `expected at most ${SOCKET_PATH_MAX_BYTES} bytes: the kernel takes no longer path for a unix socket`,
  ),
  "state-dir": absolutePath,
  "log-level": z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(", ")}`),
});

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @throws UsageError
 */
export function parseConfig(args: readonly string[]): AgentConfig {
  const flags = readFlags(args);
  const parsed = configSchema.safeParse(flags);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    const value = flags[name];
    throw new UsageError(`--${name} is ${value === undefined ? "missing" : `"${value}"`}: ${issue?.message}`);
  }
  const { "node-name": nodeName, "state-dir": stateDir, "log-level": logLevel, kubeconfig, socket } = parsed.data;
  return { nodeName, kubeconfig, socket, stateDir, logLevel };
}

function readFlags(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false });
    return { ...values };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
