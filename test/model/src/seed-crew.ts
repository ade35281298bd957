import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { SeedRange } from "./seed-range.ts";
import type { SeedReport, SeedShare } from "./seed-run.ts";

/** What became of a range of seeds. */
export interface CrewOutcome {
  readonly seeds: number;
  /** Attachments that got an address. */
  readonly holders: number;
  /** The smallest seed known to break a rule. */
  readonly failed: number | undefined;
}

/** Runs a range of seeds on all cores, until one breaks a rule; `progress` is told how many have been run. */
export async function runRange(range: SeedRange, progress: (seeds: number) => void): Promise<CrewOutcome> {
  const size = Math.min(availableParallelism(), range.last - range.first + 1);
  const totals = { seeds: 0, holders: 0, failed: undefined as number | undefined };
  const workers: Worker[] = [];
  const stopAll = (): void => {
    for (const worker of workers) void worker.terminate();
  };
  const take = (report: SeedReport): void => {
    if (report.kind === "failed") {
      totals.failed = Math.min(report.seed, totals.failed ?? report.seed);
      return stopAll();
    }
    totals.seeds += report.seeds;
    totals.holders += report.holders;
    progress(totals.seeds);
  };
  const shares = Array.from({ length: size }, (_, index) => ({ ...range, first: range.first + index, step: size }));
  await Promise.all(shares.map((share) => runWorker(share, workers, take)));
  return totals;
}

function runWorker(share: SeedShare, workers: Worker[], take: (report: SeedReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./seed-worker.ts", import.meta.url), { workerData: share });
    workers.push(worker);
    worker.on("message", take);
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
}
