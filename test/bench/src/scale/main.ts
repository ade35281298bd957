// Holds an ADD in a cluster with 100,000 leases against one with 1,000: `make scale`. Two clusters side by side, so that
// what the machine does meanwhile hits both alike. Minutes, nearly all of them to create the leases.
import { setTimeout as delay } from "node:timers/promises";
import { Run } from "@cluster-ipam/test-integration";
import { type BenchCluster, startCluster } from "../bench-cluster.ts";
import { addThroughSocket } from "../cni-subject.ts";
import { fillLeases } from "../lease-fill.ts";
import { RawApi } from "../raw-api.ts";
import { formatTargets } from "../report.ts";
import { formatSizes, type SizeSamples, sizeTargets } from "../size-report.ts";
import { timed } from "../statistics.ts";

/** Leases of the two clusters. */
const SIZES = { few: 1_000, many: 100_000 } as const;
const COUNTS = { rounds: 300, warmUpRounds: 50 } as const;
/** No IPAM plugin enters it. */
const NETNS = "/proc/self/ns/net";
const MS_PER_S = 1_000;
/** Until a server that has just taken 100,000 objects has tidied its memory up: raw POSTs are slow, too, before. */
const SETTLE_MS = 60_000;

interface Side extends SizeSamples {
  readonly cluster: BenchCluster;
  readonly raw: RawApi;
  readonly addMs: number[];
  readonly postMs: number[];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function openSide(run: Run, name: keyof typeof SIZES): Promise<Side> {
  // Not durable: a cheap POST hides least of what the leases cost, and 100,000 are there sooner.
  const cluster = await startCluster(run, say, { node: name, isDurable: false });
  const raw = new RawApi(cluster.controlPlane.api.access);
  const leases = SIZES[name];
  await fillLeases(raw, { pool: "bench", first: "10.64.0.0", count: leases }, say);
  return { leases, cluster, raw, addMs: [], postMs: [] };
}

async function measure(sides: readonly Side[]): Promise<void> {
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    for (const { cluster, raw, addMs, postMs } of sides) {
      const postedMs = await timed(() => raw.post());
      const addedMs = await timed(() => addThroughSocket(cluster.socketPath, NETNS));
      if (round < 0) continue;
      postMs.push(postedMs);
      addMs.push(addedMs);
    }
  }
}

const startedAtMs = performance.now();
// A run is one control plane's folder.
await using fewRun = await Run.open();
await using manyRun = await Run.open();
const few = await openSide(fewRun, "few");
const many = await openSide(manyRun, "many");
say(`waiting ${SETTLE_MS / MS_PER_S} s for the servers to settle`);
await delay(SETTLE_MS);
const settledAtMs = performance.now();
say(`one at a time: ${COUNTS.rounds} interleaved rounds after ${COUNTS.warmUpRounds} to warm up`);
await measure([few, many]);
for (const { raw } of [few, many]) await raw.close();
const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / MS_PER_S).toFixed(0)} s`;
say(`\n${formatSizes([few, many])}`);
say(`\n${formatTargets(sizeTargets(few, many))}`);
say(`\ntook ${seconds(startedAtMs)}, of them ${seconds(settledAtMs)} to measure`);
