import type { LeaseStore } from "@cluster-ipam/allocator";
import type { Clock } from "@cluster-ipam/kube";
import type { ClusterView } from "../cluster-view.ts";
import type { ClusterPods } from "./cluster-pods.ts";
import { suspectFinalizers } from "./finalizer-suspicions.ts";
import { FINDING_KINDS, type Finding, type FindingCounts, NO_FINDINGS, type Suspicion } from "./finding.ts";
import { suspectNames } from "./name-suspicions.ts";
import { confirmSuspicion } from "./pod-confirmation.ts";
import { type PodRules, type PodSuspicion, suspectPod } from "./pod-suspicions.ts";
import { PoolAddresses } from "./pool-addresses.ts";
import { lookAtSpaces, type SpaceLook } from "./space-suspicions.ts";

/**
 * Bounds of one check. `settleMs`: how long is waited before a suspicion is looked into: a sandbox that is replaced has
 * no lease for a moment while its pod still shows the old address. `confirmed`: suspicions of pods that are looked into,
 * with two requests each; that many are a cluster in ruins, of which more would tell nobody more.
 */
export const CHECK_LIMITS = { settleMs: 10_000, confirmed: 1_000 } as const;

/** What a view must tell; a {@link ClusterView} does. */
export type CheckView = Pick<ClusterView, "leases" | "pools" | "oddLeases" | "blocks" | "nodeNames">;

/** What a check works with. */
export interface CheckParts {
  readonly view: CheckView;
  readonly pods: ClusterPods;
  readonly store: Pick<LeaseStore, "get">;
  readonly clock: Pick<Clock, "sleep">;
  /** A pod's annotation cannot be read, so that nobody knows what it shows. */
  readonly onUnreadable: (namespace: string, name: string) => void;
}

/** What a check has found. */
export interface CheckResult {
  /** Everything wrong, the worst first. */
  readonly found: readonly Suspicion[];
  readonly counts: FindingCounts;
  /** Leases that there were. */
  readonly leases: number;
  /** Pods whose addresses were held against them. */
  readonly pods: number;
  /** Pods whose annotation cannot be read. */
  readonly unreadablePods: number;
  /** Suspicions that were not looked into, since there were too many. */
  readonly unconfirmed: number;
}

/** What a look at the pods finds. */
interface PodLook {
  readonly suspicions: readonly PodSuspicion[];
  readonly pods: number;
  readonly unreadablePods: number;
}

/**
 * Holds what the cluster tells of its addresses against itself, and changes nothing. It takes leases from the copy that
 * a watch keeps, and asks the server for pods, a node at a time. Nothing is said that was not so twice, a while apart;
 * what pods show, by reads of that moment.
 *
 * @throws IpamError where the server gives no answer before `signal` aborts, or says no
 */
export async function checkConsistency(parts: CheckParts, signal: AbortSignal): Promise<CheckResult> {
  const { view, clock } = parts;
  const { leases, pools } = view;
  const first = lookAtLeases(view);
  const size = leases.size;
  const rules = { leases, pools: new PoolAddresses(pools), spaces: first.spaces };
  const look = await lookAtPods(parts, rules, signal);
  const isClean = first.suspicions.length === 0 && look.suspicions.length === 0;
  if (!isClean) await clock.sleep(CHECK_LIMITS.settleMs, signal);
  const keys = new Set(first.suspicions.map(({ key }) => key));
  const lasting = isClean ? [] : lookAtLeases(view).suspicions.filter(({ key }) => keys.has(key));
  const ofPods = await confirmAll(look.suspicions, parts, rules.spaces, signal);
  const found = inOrder([...lasting, ...ofPods.map((finding) => ({ ...finding, describe: () => finding }))]);
  const { pods, unreadablePods, suspicions } = look;
  const unconfirmed = Math.max(0, suspicions.length - CHECK_LIMITS.confirmed);
  return { found, counts: countsOf(found), leases: size, pods, unreadablePods, unconfirmed };
}

/** What leases and blocks tell by themselves. */
function lookAtLeases(view: CheckView): SpaceLook {
  const { leases, pools, oddLeases } = view;
  const { suspicions, spaces } = lookAtSpaces(leases, pools);
  const others = [...suspectNames(leases, oddLeases), ...suspectFinalizers(oddLeases, view.blocks())];
  return { suspicions: [...suspicions, ...others], spaces };
}

async function lookAtPods(
  { view, pods, onUnreadable }: CheckParts,
  rules: PodRules,
  signal: AbortSignal,
): Promise<PodLook> {
  const look = { suspicions: [] as PodSuspicion[], pods: 0, unreadablePods: 0 };
  // Pods may outlive their Node object for a while.
  const nodes = new Set([...view.nodeNames(), ...view.leases.nodes()]);
  nodes.delete("");
  for (const node of nodes) {
    for (const pod of await pods.ofNode(node, signal)) {
      const suspects = suspectPod(pod, rules);
      look.pods += 1;
      if (suspects === undefined) {
        look.unreadablePods += 1;
        onUnreadable(pod.namespace, pod.name);
      }
      for (const shown of suspects ?? []) look.suspicions.push({ pod, node, shown });
    }
  }
  return look;
}

async function confirmAll(
  suspicions: readonly PodSuspicion[],
  { view, pods, store }: CheckParts,
  spaces: Iterable<string>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const confirmation = { pods, store, leases: view.leases, pools: new PoolAddresses(view.pools), spaces };
  const findings: Finding[] = [];
  for (const suspicion of suspicions.slice(0, CHECK_LIMITS.confirmed)) {
    const finding = await confirmSuspicion(suspicion, confirmation, signal);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

function inOrder(found: readonly Suspicion[]): readonly Suspicion[] {
  return FINDING_KINDS.flatMap((kind) => found.filter((each) => each.kind === kind));
}

function countsOf(found: readonly Suspicion[]): FindingCounts {
  const counts = { ...NO_FINDINGS };
  for (const { kind } of found) counts[kind] += 1;
  return counts;
}
