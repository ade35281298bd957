import {
  INLINE_POLICIES,
  type InlinePolicy,
  NodeAddresses,
  RECONCILE_MODES,
  type ReconcileMode,
} from "@cluster-ipam/agent";
import { absolutePath, oneOf, parseFlags, readAs } from "@cluster-ipam/command-line";
import { type ListenAddress, LOG_LEVELS, type LogLevel, parseListenAddress } from "@cluster-ipam/telemetry";
import * as z from "zod";

/** What the agent is told on its command line. */
export interface AgentConfig {
  readonly nodeName: string;
  /** Undefined: the service account of the pod that the agent runs in. */
  readonly kubeconfig: string | undefined;
  readonly socket: string;
  readonly stateDir: string;
  readonly logLevel: LogLevel;
  /** Where the node's kernel command line is read. */
  readonly kernelCommandLine: string;
  readonly nodeAddresses: NodeAddresses;
  /** Undefined: calls are traced where the control file says so. */
  readonly traceFile: string | undefined;
  /** Undefined: neither metrics nor probes are served. */
  readonly metricsAddress: ListenAddress | undefined;
  readonly reconcile: ReconcileMode;
  /** Whether ipam sections may bring ranges and addresses of their own. */
  readonly inlinePools: InlinePolicy;
}

/** What `--help` says. */
export const USAGE: string = `usage: cluster-ipam-agent --node-name NAME [FLAG]...
       cluster-ipam-agent install --bin-dir FOLDER [--from FILE]
  --node-name NAME         name of the Node object
  --kubeconfig FILE        how to reach the API server; the pod's service account without it
  --socket FILE            where the plugin finds the agent (/run/cluster-ipam/agent.sock)
  --state-dir FOLDER       the agent's own folder on the node (/var/lib/cluster-ipam)
  --log-level LEVEL        ${LOG_LEVELS.join(", ")} (info)
  --kernel-cmdline FILE    the node's kernel command line, for index2ip's rules (/proc/cmdline)
  --node-ip ADDRESS[,...]  the node's own addresses, for index.base: Node
  --trace-file FILE        writes every call into it, until <state-dir>/trace.on is removed
  --metrics-address HOST:PORT  serves /metrics, /livez and /readyz there
  --reconcile MODE         ${RECONCILE_MODES.join(", ")}: whether leases are held against the node's sandboxes (on)
  --inline-pools POLICY    ${INLINE_POLICIES.join(", ")}: whether ipam sections may bring ranges of their own (allow)
  --help                   this text
`;

/** The flags, and what they are without being given. */
export const OPTIONS = {
  "node-name": { type: "string" },
  kubeconfig: { type: "string" },
  socket: { type: "string", default: "/run/cluster-ipam/agent.sock" },
  "state-dir": { type: "string", default: "/var/lib/cluster-ipam" },
  "log-level": { type: "string", default: "info" },
  "kernel-cmdline": { type: "string", default: "/proc/cmdline" },
  "node-ip": { type: "string", default: "" },
  "trace-file": { type: "string" },
  "metrics-address": { type: "string" },
  reconcile: { type: "string", default: "on" },
  "inline-pools": { type: "string", default: "allow" },
} as const;

/** sun_path of unix(7) is 108 bytes; the agent first listens on the path with its process ID behind it. */
const SOCKET_PATH_MAX_BYTES = 96;

const NODE_NAME_EXPECTED = "expected the name of the Node object that the agent runs on";
const nodeAddresses = readAs(
  (text) => NodeAddresses.parse(text),
  "expected the node's addresses with commas between them, such as 10.0.0.5,fd00::5",
);
const listenAddress = readAs(parseListenAddress, "expected an address and a port, such as 127.0.0.1:9808 or [::]:9808");
const configSchema = z.object({
  "node-name": z.string(NODE_NAME_EXPECTED).min(1, NODE_NAME_EXPECTED),
  kubeconfig: absolutePath.optional(),
  socket: absolutePath.refine(
    (path) => Buffer.byteLength(path) <= SOCKET_PATH_MAX_BYTES,
    `expected at most ${SOCKET_PATH_MAX_BYTES} bytes: the kernel takes no longer path for a unix socket`,
  ),
  "state-dir": absolutePath,
  "log-level": oneOf(LOG_LEVELS),
  "kernel-cmdline": absolutePath,
  "node-ip": nodeAddresses,
  "trace-file": absolutePath.optional(),
  "metrics-address": listenAddress.optional(),
  reconcile: oneOf(RECONCILE_MODES),
  "inline-pools": oneOf(INLINE_POLICIES),
});

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @throws UsageError
 */
export function parseConfig(args: readonly string[]): AgentConfig {
  const data = parseFlags(args, OPTIONS, configSchema);
  return {
    nodeName: data["node-name"],
    kubeconfig: data.kubeconfig,
    socket: data.socket,
    stateDir: data["state-dir"],
    logLevel: data["log-level"],
    kernelCommandLine: data["kernel-cmdline"],
    nodeAddresses: data["node-ip"],
    traceFile: data["trace-file"],
    metricsAddress: data["metrics-address"],
    reconcile: data.reconcile,
    inlinePools: data["inline-pools"],
  };
}
