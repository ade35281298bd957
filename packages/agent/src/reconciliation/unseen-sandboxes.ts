import { isHolderThere, isPodOf, type PodIdentity } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { boundedSignal, isAttachedTo, type Round } from "./round.ts";
import { sandboxState } from "./sandbox-state.ts";
import { releaseStale } from "./stale-release.ts";

/** Two looks so far apart must both find the pod gone. */
export const POD_PATIENCE_MS = 600_000;

const REASON = "its network namespace cannot be seen and its pod is gone";

/**
 * Releases the leases whose network namespace nobody sees and whose pod is gone; the pods are listed only where there
 * is such a lease. A pod that has run to its end is not gone: it is for as long as its object is there. A lease without
 * a pod stays, since nobody can tell.
 */
export async function releasePodless(round: Round): Promise<void> {
  const { agent, evidence, journal } = round;
  const unseen = agent.attachments
    .all()
    .filter((lease) => isAttachedTo(agent.node, lease) && sandboxState(lease, agent.sandboxes) === "unseen");
  tellBlindness(unseen, round);
  const suspicions = evidence.podless;
  suspicions.beginLook();
  const ofPods = unseen.filter(({ spec }) => spec.pod !== undefined);
  const pods = ofPods.length === 0 ? [] : await listPods(round);
  if (pods === undefined) return;
  const podByName = new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  for (const lease of ofPods) {
    if (isPodThere(lease, podByName)) continue;
    if (suspicions.isConfirmed(lease, agent.clock.nowMs())) await releasePodlessOne(lease, round);
    else journal.suspect(lease, "pod-gone", REASON);
  }
  suspicions.endLook();
}

/** Whether this node's agent has anything that only the pods can tell it. */
export function hasUnseen({ agent }: Round): boolean {
  return agent.attachments.all().some((lease) => {
    const isOfPod = lease.spec.pod !== undefined && isAttachedTo(agent.node, lease);
    return isOfPod && sandboxState(lease, agent.sandboxes) === "unseen";
  });
}

async function listPods({ agent, pods, journal, ...round }: Round): Promise<readonly PodIdentity[] | undefined> {
  try {
    return await pods.list(agent.node, boundedSignal({ agent, pods, journal, ...round }));
  } catch (err) {
    journal.failed(`list of the pods of ${agent.node}`, err);
    return undefined;
  }
}

function isPodThere({ spec: { pod } }: IPLease, pods: ReadonlyMap<string, PodIdentity>): boolean {
  const found = pod === undefined ? undefined : pods.get(`${pod.namespace}/${pod.name}`);
  return found !== undefined && pod !== undefined && isPodOf(found, pod);
}

function releasePodlessOne(lease: IPLease, round: Round): Promise<void> {
  const { agent, evidence } = round;
  const isStale = async (found: IPLease, signal: AbortSignal): Promise<boolean> => {
    const isUnseen = sandboxState(found, agent.sandboxes) === "unseen" && found.spec.pod !== undefined;
    return isUnseen && !(await isHolderThere(found, round.pods, signal));
  };
  return releaseStale(lease, { finding: "pod-gone", reason: REASON, suspicions: evidence.podless, isStale }, round);
}

/** A namespace that an ADD has seen and this process cannot see: the agent lacks the node's mounts. */
function tellBlindness(unseen: readonly IPLease[], { agent, evidence }: Round): void {
  const netns = unseen.find(({ spec }) => spec.sandbox !== undefined)?.spec.sandbox?.netns;
  if (netns === undefined || evidence.isBlindnessTold) return;
  evidence.isBlindnessTold = true;
  const wayOut = netns.startsWith("/proc/")
    ? "give the agent the node's PID namespace (hostPID: true)"
    : "mount that folder from the node with mountPropagation: HostToContainer";
  agent.log.warn({ netns, wayOut }, "network namespaces of the node cannot be seen: their pods decide");
}
