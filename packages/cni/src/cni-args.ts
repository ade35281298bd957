import { IpamError } from "@cluster-ipam/errors";
import { show } from "./json-object.ts";
import type { PodIdentity } from "./request.ts";

/** Longest values of what names a pod: Kubernetes has no longer ones, and leases no room for them. */
const POD_LENGTHS = { K8S_POD_NAMESPACE: 63, K8S_POD_NAME: 253, K8S_POD_UID: 128 } as const;

/** How many unknown keys a message names. */
const NAMED_KEYS = 5;

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "IgnoreUnknown",
  "IP",
  "GATEWAY",
  "MAC",
  "K8S_POD_NAMESPACE",
  "K8S_POD_NAME",
  "K8S_POD_INFRA_CONTAINER_ID",
  "K8S_POD_UID",
]);

/**
 * Decodes CNI_ARGS, `KEY=VALUE;KEY=VALUE`, by the rules of libcni (pkg/types/args.go, LoadArgs), which every reference
 * plugin follows: keys are case-sensitive, the last of two equal ones counts, and a key that we do not know is an error
 * unless `IgnoreUnknown` says otherwise. Every Kubernetes runtime sends IgnoreUnknown=1; without it the main plugin in
 * front of us refuses such keys too, and a misspelt `IP` must not turn into an address that nobody asked for.
 *
 * @throws {IpamError} bad-environment naming the pair.
 */
export function decodeCniArgs(text: string): ReadonlyMap<string, string> {
  const args = new Map<string, string>();
  for (const pair of splitPairs(text)) {
    const [key, value, ...rest] = pair.split("=");
    if (key === undefined || value === undefined || rest.length > 0) {
      throw new IpamError("bad-environment", `CNI_ARGS has a malformed pair ${show(pair)}: expected KEY=VALUE`);
    }
    args.set(key, value);
  }
  refuseUnknownKeys(args);
  refuseLongNames(args);
  return args;
}

/** The pairs of CNI_ARGS that can be read; never throws. For DEL, GC and STATUS, which need none of them. */
export function salvageCniArgs(text: string): ReadonlyMap<string, string> {
  const pairs = splitPairs(text).map((pair) => pair.split("="));
  return new Map(pairs.filter((pair): pair is [string, string] => pair.length === 2));
}

/** The pod that CNI_ARGS names; undefined when it names none, as under cnitool or Podman. */
export function podFromArgs(args: ReadonlyMap<string, string>): PodIdentity | undefined {
  const namespace = args.get("K8S_POD_NAMESPACE") ?? "";
  const name = args.get("K8S_POD_NAME") ?? "";
  if (namespace === "" || name === "") return undefined;
  return { namespace, name, uid: args.get("K8S_POD_UID") ?? "" };
}

function splitPairs(text: string): readonly string[] {
  return text === "" ? [] : text.split(";");
}

function refuseUnknownKeys(args: ReadonlyMap<string, string>): void {
  if (isTrue(args.get("IgnoreUnknown") ?? "0")) return;
  const unknown = [...args.keys()].filter((key) => !KNOWN_KEYS.has(key));
  if (unknown.length === 0) return;
  const more = unknown.length > NAMED_KEYS ? ` and ${unknown.length - NAMED_KEYS} more` : "";
  const keys = unknown.slice(0, NAMED_KEYS).map(show).join(", ") + more;
  throw new IpamError("bad-environment", `CNI_ARGS has unknown keys ${keys}: correct them or add IgnoreUnknown=1`);
}

function refuseLongNames(args: ReadonlyMap<string, string>): void {
  for (const [key, length] of Object.entries(POD_LENGTHS)) {
    const value = args.get(key) ?? "";
    if (value.length <= length) continue;
    throw new IpamError("bad-environment", `CNI_ARGS has ${key} ${show(value)}: expected at most ${length} characters`);
  }
}

function isTrue(value: string): boolean {
  const text = value.toLowerCase();
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw new IpamError(
    "bad-environment",
    `CNI_ARGS has ${show(`IgnoreUnknown=${value}`)}: expected 1, true, 0 or false`,
  );
}
