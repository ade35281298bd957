import type { Cluster } from "./cluster.ts";
import type { ObjectList } from "./objects.ts";

/** How long sandboxes of one network took to start, as kubelets count it: their own histograms, added up. */
export interface SandboxTimes {
  readonly count: number;
  readonly totalMs: number;
  /** Sandboxes that took no longer than each bound in milliseconds. */
  readonly buckets: ReadonlyMap<number, number>;
}

const METRIC = "kubelet_run_podsandbox_duration_seconds";
const MS_PER_SECOND = 1_000;

/** Reads what the kubelets of all nodes have counted so far for a network. */
export async function readSandboxTimes({ kubectl }: Cluster, network: string): Promise<SandboxTimes> {
  const { items } = await kubectl.get<ObjectList<{ readonly metadata: { readonly name: string } }>>("nodes");
  const paths = items.map(({ metadata }) => `/api/v1/nodes/${metadata.name}/proxy/metrics`);
  const texts = await Promise.all(paths.map((path) => kubectl.run("get", "--raw", path)));
  const lines = texts
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.includes(`runtime_handler="${network}"`));
  const buckets = new Map<number, number>();
  const sums = { count: 0, totalMs: 0 };
  for (const line of lines) {
    const value = Number(line.split(" ").at(-1));
    if (line.startsWith(`${METRIC}_count`)) sums.count += value;
    if (line.startsWith(`${METRIC}_sum`)) sums.totalMs += value * MS_PER_SECOND;
    const bound = /^kubelet_run_podsandbox_duration_seconds_bucket.*le="([^"]+)"/.exec(line)?.[1];
    if (bound === undefined) continue;
    const boundMs = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound) * MS_PER_SECOND;
    buckets.set(boundMs, (buckets.get(boundMs) ?? 0) + value);
  }
  return { ...sums, buckets };
}

/** What was added between two looks. */
export function sandboxTimesBetween(before: SandboxTimes, after: SandboxTimes): SandboxTimes {
  const buckets = new Map(
    [...after.buckets].map(([bound, count]) => [bound, count - (before.buckets.get(bound) ?? 0)]),
  );
  return { count: after.count - before.count, totalMs: after.totalMs - before.totalMs, buckets };
}

/** The time that half of the sandboxes did not pass, in milliseconds; between two bounds it lies where it would if they were even. */
export function medianMs({ count, buckets }: SandboxTimes): number {
  const half = count / 2;
  let [lowerMs, below] = [0, 0];
  for (const [boundMs, atMost] of [...buckets].toSorted(([a], [b]) => a - b)) {
    if (atMost >= half) return lowerMs + ((boundMs - lowerMs) * (half - below)) / (atMost - below);
    [lowerMs, below] = [boundMs, atMost];
  }
  return Number.NaN;
}
