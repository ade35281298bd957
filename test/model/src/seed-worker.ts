// Runs its share of the seeds in a thread of its own, which has timers of its own for the runs to replace.
import { parentPort, workerData } from "node:worker_threads";
import { runShare, type SeedShare } from "./seed-run.ts";

// Refusals are everyday here, and nobody reads where they were thrown.
Error.stackTraceLimit = 0;

await runShare(workerData as SeedShare, (report) => parentPort?.postMessage(report, []));
