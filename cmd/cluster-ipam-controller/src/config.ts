import { hostname } from "node:os";
import { absolutePath, oneOf, parseFlags, readAs } from "@cluster-ipam/command-line";
import { type ConsistencySettings, GARBAGE_MODES, type GarbageSettings } from "@cluster-ipam/controller";
import { type ListenAddress, LOG_LEVELS, type LogLevel, parseListenAddress } from "@cluster-ipam/telemetry";
import * as z from "zod";

/** What the controller is told on its command line. */
export interface ControllerConfig {
  /** Undefined: the service account of the pod that the controller runs in. */
  readonly kubeconfig: string | undefined;
  /** Where the Lease of the election is. */
  readonly election: { readonly namespace: string; readonly name: string };
  /** How people know this replica; another one may be called the same. */
  readonly identity: string;
  readonly logLevel: LogLevel;
  /** From this share of its addresses on a pool is said to be nearly full, in percent. */
  readonly nearlyFullPercent: number;
  readonly garbage: GarbageSettings;
  readonly consistency: ConsistencySettings;
  /** Undefined: nobody can ask for a check. */
  readonly checkAddress: ListenAddress | undefined;
  /** Undefined: neither metrics nor probes are served. */
  readonly metricsAddress: ListenAddress | undefined;
}

/** What `--help` says. */
export const USAGE: string = `usage: cluster-ipam-controller [FLAG]...
  --kubeconfig FILE        how to reach the API server; the pod's service account without it
  --leader-election-namespace NAMESPACE  where the Lease is by which one replica leads (kube-system)
  --leader-election-name NAME            its name (cluster-ipam-controller)
  --identity NAME          what the Lease calls this replica when it leads (the name of the host)
  --nearly-full-percent N  from this share of its addresses on a pool is NearlyFull (90)
  --garbage-collection MODE  ${GARBAGE_MODES.join(", ")}: what lost nodes and unused networks leave behind (on)
  --garbage-max-percent N  no more than this share of all leases goes at once (50)
  --lost-node-grace-seconds N  a node is lost when its Node has been missing for so long (300)
  --inline-pool-idle-hours N  a pool of inline ranges goes after so long without a lease, 0: never (24)
  --consistency-check-interval TIME  how long is waited between checks, such as 90s, 30m, 1h; 0: none (1h)
  --check-address HOST:PORT  does a check for POST /v1/check there
  --log-level LEVEL        ${LOG_LEVELS.join(", ")} (info)
  --metrics-address HOST:PORT  serves /healthz, /readyz and /metrics there
  --help                   this text
`;

/** The flags, and what they are without being given. */
export const OPTIONS = {
  kubeconfig: { type: "string" },
  // One for the whole cluster, wherever the replicas run: the resources that the leader sees to have no namespace.
  "leader-election-namespace": { type: "string", default: "kube-system" },
  "leader-election-name": { type: "string", default: "cluster-ipam-controller" },
  identity: { type: "string" },
  "log-level": { type: "string", default: "info" },
  "nearly-full-percent": { type: "string", default: "90" },
  "garbage-collection": { type: "string", default: "on" },
  "garbage-max-percent": { type: "string", default: "50" },
  "lost-node-grace-seconds": { type: "string", default: "300" },
  "inline-pool-idle-hours": { type: "string", default: "24" },
  "consistency-check-interval": { type: "string", default: "1h" },
  "check-address": { type: "string" },
  "metrics-address": { type: "string" },
} as const;

const MS_PER_S = 1_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER: Readonly<Record<string, number>> = { s: MS_PER_S, m: 60_000, h: MS_PER_HOUR };
/** Longest names of namespaces (RFC 1123 labels) and of other objects, in characters. */
const NAME_MAX_LENGTH = { namespace: 63, object: 253 } as const;
/** Room in the Lease for more than any host is called. */
const IDENTITY_PATTERN = /^[\w.:@-]{1,253}$/;

const namespace = z
  .string()
  .max(NAME_MAX_LENGTH.namespace, "expected the name of a namespace")
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "expected the name of a namespace");
const objectName = z
  .string()
  .max(NAME_MAX_LENGTH.object, "expected the name of an object")
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "expected the name of an object");
const listenAddress = readAs(parseListenAddress, "expected an address and a port, such as 127.0.0.1:9809 or [::]:9809");
const percent = z.string().regex(/^([1-9]\d?|100)$/, "expected a whole number from 1 to 100");
const interval = z
  .string()
  .regex(/^(0|[1-9]\d{0,4}[smh])$/, "expected a time such as 90s, 30m or 1h, or 0")
  .transform((text) => (text === "0" ? undefined : Number(text.slice(0, -1)) * (MS_PER[text.slice(-1)] ?? 0)));
const configSchema = z.object({
  kubeconfig: absolutePath.optional(),
  "leader-election-namespace": namespace,
  "leader-election-name": objectName,
  identity: z.string().regex(IDENTITY_PATTERN, "expected letters, digits and any of _ . : @ -").optional(),
  "log-level": oneOf(LOG_LEVELS),
  "nearly-full-percent": percent,
  "garbage-collection": oneOf(GARBAGE_MODES),
  "garbage-max-percent": percent,
  "lost-node-grace-seconds": z.string().regex(/^[1-9]\d{0,4}$/, "expected a whole number of seconds from 1 to 99999"),
  "inline-pool-idle-hours": z.string().regex(/^\d{1,4}$/, "expected a whole number of hours from 0 to 9999"),
  "consistency-check-interval": interval,
  "check-address": listenAddress.optional(),
  "metrics-address": listenAddress.optional(),
});

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @throws UsageError
 */
export function parseConfig(args: readonly string[]): ControllerConfig {
  const data = parseFlags(args, OPTIONS, configSchema);
  return {
    kubeconfig: data.kubeconfig,
    election: { namespace: data["leader-election-namespace"], name: data["leader-election-name"] },
    identity: data.identity ?? hostname(),
    logLevel: data["log-level"],
    nearlyFullPercent: Number(data["nearly-full-percent"]),
    garbage: garbageSettings(data),
    consistency: { intervalMs: data["consistency-check-interval"] },
    checkAddress: data["check-address"],
    metricsAddress: data["metrics-address"],
  };
}

function garbageSettings(data: z.infer<typeof configSchema>): GarbageSettings {
  const hours = Number(data["inline-pool-idle-hours"]);
  return {
    mode: data["garbage-collection"],
    maxPercent: Number(data["garbage-max-percent"]),
    inlinePoolIdleMs: hours === 0 ? undefined : hours * MS_PER_HOUR,
    lostNodeGraceMs: Number(data["lost-node-grace-seconds"]) * MS_PER_S,
  };
}
