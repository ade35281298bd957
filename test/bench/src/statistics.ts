/** The value below which `share` of the samples lie (nearest rank); `share` in (0, 1]. */
export function percentile(samples: readonly number[], share: number): number {
  const ascending = samples.toSorted((a, b) => a - b);
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}

/** The median. */
export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** How long `task` takes, in milliseconds. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await task();
  return performance.now() - startedAtMs;
}

/** Tasks a second, with `parallel` of them under way at any time. */
export async function throughput(tasks: readonly (() => Promise<unknown>)[], parallel: number): Promise<number> {
  const queue = tasks.values();
  const work = async (): Promise<void> => {
    for (const task of queue) await task();
  };
  const durationMs = await timed(() => Promise.all(Array.from({ length: parallel }, work)));
  return (tasks.length * 1_000) / durationMs;
}
