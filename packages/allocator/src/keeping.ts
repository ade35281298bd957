import { type IPLease, type IPPool, type IPPoolSpec, RETAIN_ANNOTATION } from "@cluster-ipam/api";
import type { PodIdentity } from "./node-pods.ts";

/** What the pools say of an address that is given back. */
export interface Keeping {
  /**
   * For how many seconds the address of `lease` is kept after its release; undefined: it is free at once.
   *
   * @throws IpamError `apiserver-unreachable` when `signal` ends it before that is known
   */
  keepSeconds(lease: IPLease, signal: AbortSignal): Promise<number | undefined>;
  /** The time of day, RFC 3339, which a release tells to people: nothing is decided by it. */
  timestamp(): string;
}

/** Whether a controller has ever looked at the pool: it alone ends the time for which an address is kept. */
export function isWatched({ status }: Pick<IPPool, "status">): boolean {
  return status?.conditions?.some(({ type }) => type === "Ready") === true;
}

/** Whether a pool keeps addresses for their pods, all or some. */
export function isRetaining({ retain }: Pick<IPPoolSpec, "retain">): boolean {
  return retain !== undefined && retain.policy !== "None";
}

/**
 * How long a pool keeps an address.
 *
 * @param isRetained whether the pool's `retain` is about the address's pod; else it can only cool down
 * @returns seconds, undefined for not at all
 */
export function keepSecondsOf(
  { coolDownSeconds, retain }: Pick<IPPoolSpec, "coolDownSeconds" | "retain">,
  isRetained: boolean,
): number | undefined {
  const seconds = Math.max(coolDownSeconds, isRetained ? (retain?.seconds ?? 0) : 0);
  return seconds === 0 ? undefined : seconds;
}

/** Whether policy StatefulSet is about a pod: one of a StatefulSet, whoever's kind that is, or one that asks for it. */
export function isStatefulPod({ controllerKind, annotations }: PodIdentity): boolean {
  return controllerKind === "StatefulSet" || annotations[RETAIN_ANNOTATION] === "true";
}

/** Whether a pod has a name as a StatefulSet gives it: all that is left to go by once the pod is gone. */
export function hasOrdinal(podName: string): boolean {
  return /-[0-9]+$/.test(podName);
}
