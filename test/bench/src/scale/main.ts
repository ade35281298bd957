// What 100,000 leases in 50 pools cost: `make scale`. An ADD against one in a cluster with 1,000, two clusters side by
// side, so that what the machine does meanwhile hits both alike; then the controller over the large one. Minutes, most of
// them to create the leases.
import { setTimeout as delay } from "node:timers/promises";
import { listenForInterruption, Run, requireRoot, requireTools, runMain } from "@cluster-ipam/test-integration";
import { type BenchCluster, startCluster } from "../bench-cluster.ts";
import { addThroughSocket } from "../cni-subject.ts";
import { fillLeases, type LeaseFill } from "../lease-fill.ts";
import { RawApi } from "../raw-api.ts";
import { formatTargets } from "../report.ts";
import { formatSizes, type SizeSamples, sizeTargets } from "../size-report.ts";
import { timed } from "../statistics.ts";
import { controllerTargets, formatController } from "./controller-report.ts";
import { measureController } from "./controller-scale.ts";
import { LeaseBook } from "./lease-book.ts";
import { fillOf, MORE_POOLS, SCALE_POOLS } from "./scale-pools.ts";

const FEW: readonly LeaseFill[] = [{ pool: "bench", first: "10.64.0.0", count: 1_000 }];
const MANY: readonly LeaseFill[] = SCALE_POOLS.map(fillOf);
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

async function openSide(run: Run, node: string, fills: readonly LeaseFill[]): Promise<Side> {
  // Not durable: a cheap POST hides least of what the leases cost, and 100,000 are there sooner.
  const cluster = await startCluster(run, say, { node, isDurable: false, pools: MORE_POOLS });
  const raw = new RawApi(cluster.controlPlane.api.access, run.signal);
  run.defer(() => raw.close());
  let leases = 0;
  for (const fill of fills) {
    await fillLeases(raw, fill, say);
    leases += fill.count;
  }
  return { leases, cluster, raw, addMs: [], postMs: [] };
}

async function measureAdds(sides: readonly Side[], signal: AbortSignal): Promise<void> {
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    signal.throwIfAborted();
    for (const { cluster, raw, addMs, postMs } of sides) {
      const postedMs = await timed(() => raw.post());
      const addedMs = await timed(() => addThroughSocket(cluster.socketPath, NETNS));
      if (round < 0) continue;
      postMs.push(postedMs);
      addMs.push(addedMs);
    }
  }
}

async function measure(signal: AbortSignal): Promise<void> {
  const startedAtMs = performance.now();
  requireRoot();
  await requireTools(["etcd", "kube-apiserver", "cluster-ipam-agent", "cluster-ipam-controller"]);
  // A run is one control plane's folder.
  await using fewRun = await Run.open(signal);
  await using manyRun = await Run.open(signal);
  const few = await openSide(fewRun, "few", FEW);
  const many = await openSide(manyRun, "many", MANY);
  say(`waiting ${SETTLE_MS / MS_PER_S} s for the servers to settle`);
  await delay(SETTLE_MS, undefined, { signal });
  const settledAtMs = performance.now();
  say(`one at a time: ${COUNTS.rounds} interleaved rounds after ${COUNTS.warmUpRounds} to warm up`);
  await measureAdds([few, many], signal);
  // What an agent lists of itself would be counted as the controller's, and nobody needs the smaller cluster any more.
  await many.cluster.agent.stop();
  await fewRun.close();
  const { controlPlane } = many.cluster;
  const book = await LeaseBook.read(controlPlane, SCALE_POOLS);
  const controller = await measureController({ run: manyRun, controlPlane, raw: many.raw, book, say });
  const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / MS_PER_S).toFixed(0)} s`;
  say(`\n${formatSizes([few, many])}`);
  say(`\n${formatController(controller)}`);
  say(`\n${formatTargets([...sizeTargets(few, many), ...controllerTargets(controller)])}`);
  say(`\ntook ${seconds(startedAtMs)}, of them ${seconds(settledAtMs)} to measure`);
}

const signal = listenForInterruption();
await runMain(signal, () => measure(signal));
