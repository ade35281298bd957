import type { AllocationRequest, ClaimantPod, PodNumber } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import { firstGroup } from "./pattern-match.ts";

/** What the number of a pod follows from. */
export interface Numbered extends Pick<AllocationRequest, "podNumber"> {
  readonly pod: ClaimantPod | undefined;
}

/** Where a pod's name has its number when no pattern says so: `index<number>` anywhere, else a StatefulSet's ordinal. */
const DEFAULT_PATTERNS: readonly RegExp[] = [/index([0-9]+)/, /-([0-9]+)$/];

/**
 * The number of a pod for strategy Index: `ipam.index`, else what `pattern` finds in the pod's name, else what
 * {@link DEFAULT_PATTERNS} find.
 *
 * @throws IpamError `bad-index` when there is none; `bad-config` when `pattern` cannot be used
 */
export function podNumberOf({ podNumber, pod }: Numbered, pattern: string | undefined): PodNumber {
  if (podNumber !== undefined) return { value: podNumber, source: "ipam.index" };
  if (pod === undefined) {
    throw new IpamError(
      "bad-index",
      "strategy Index counts by the pod's name, and CNI_ARGS holds no K8S_POD_NAME: set ipam.index",
    );
  }
  const name = `${pod.namespace}/${pod.name}`;
  const text = pattern === undefined ? numberIn(pod.name) : firstGroup(pattern, pod.name);
  if (text !== undefined && /^[0-9]+$/.test(text)) return { value: BigInt(text), source: `the name of pod ${name}` };
  const patterns = pattern === undefined ? DEFAULT_PATTERNS.map(({ source }) => source) : [pattern];
  throw new IpamError(
    "bad-index",
    `the name of pod ${name} holds no index: expected one that matches ${patterns.join(" or ")}, or ipam.index`,
  );
}

function numberIn(podName: string): string | undefined {
  return DEFAULT_PATTERNS.map((pattern) => pattern.exec(podName)?.[1]).find((found) => found !== undefined);
}
