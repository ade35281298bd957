import { row, type Target } from "./report.ts";
import { median, percentile } from "./statistics.ts";

/** Milliseconds of one cluster, whose leases are so many. */
export interface SizeSamples {
  readonly leases: number;
  readonly addMs: readonly number[];
  readonly postMs: readonly number[];
}

/** A table of p50 and p99 in each cluster, and of the p50 by that of the same call in the first one. */
export function formatSizes(sizes: readonly SizeSamples[]): string {
  const rows = sizes.flatMap(({ leases, addMs, postMs }) => {
    const count = leases.toLocaleString("en");
    return [
      row(`raw POST, ${count} leases`, cells(postMs, sizes[0]?.postMs ?? [])),
      row(`ADD, ${count} leases`, cells(addMs, sizes[0]?.addMs ?? [])),
    ];
  });
  return [row("milliseconds", ["p50", "p99", "n", "/ first"]), ...rows].join("\n");
}

/** The limit that an ADD among many leases is held to, by one among few. */
export function sizeTargets(few: SizeSamples, many: SizeSamples): readonly Target[] {
  const what = (call: string): string =>
    `${call}, ${many.leases.toLocaleString("en")} / ${few.leases.toLocaleString("en")} leases, p50`;
  return [{ what: what("ADD"), measured: median(many.addMs) / median(few.addMs), limit: 1.2 }];
}

function cells(samples: readonly number[], first: readonly number[]): readonly string[] {
  const texts = [0.5, 0.99].map((share) => percentile(samples, share).toFixed(2));
  return [...texts, String(samples.length), (median(samples) / median(first)).toFixed(2)];
}
