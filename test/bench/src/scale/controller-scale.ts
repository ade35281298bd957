import { setTimeout as delay } from "node:timers/promises";
import { API_PATH, type IPPool, leaseName, POOL_RESOURCE } from "@cluster-ipam/api";
import {
  ControllerReplica,
  type ControlPlane,
  countRequests,
  createControllerAccount,
  ELECTION_LEASE,
  type Run,
  requestsBetween,
  waitFor,
} from "@cluster-ipam/test-integration";
import { NODE_NAMES, podLease } from "../lease-fill.ts";
import { processorMs, residentMegabytes } from "../process-status.ts";
import type { RawApi } from "../raw-api.ts";
import { throughput, timed } from "../statistics.ts";
import type { ControllerFigures } from "./controller-report.ts";
import type { LeaseBook, LeaseChange, PoolFigures } from "./lease-book.ts";
import { SCALE_POOLS } from "./scale-pools.ts";

/** A burst is sent as fast as the server takes it; churn is a steady number of changes a second. */
const BURST = { count: 3, changes: 1_000, parallel: 64 } as const;
const CHURN = { warmUpSeconds: 10, seconds: 60, changesPerSecond: 50, parallel: 8 } as const;
/** Until what one measurement did is over for the next: longer than a status waits for its turn. */
const REST_MS = 10_000;
const SETTLE_MS = 30_000;
const LOOK_MS = 100;
/** Far more than anything here takes on a machine with nothing else to do. */
const BOUND_MS = 300_000;
const MS_PER_S = 1_000;

/** What is measured: the built controller over a cluster whose leases are there already. */
export interface ControllerSubject {
  readonly run: Run;
  readonly controlPlane: ControlPlane;
  readonly raw: RawApi;
  /** Of the leases that are there. */
  readonly book: LeaseBook;
  readonly say: (text: string) => void;
}

/** Starts the controller, changes leases under it and watches what it says of the pools; minutes, bounded. */
export async function measureController(subject: ControllerSubject): Promise<ControllerFigures> {
  const { run, controlPlane, book } = subject;
  const leases = book.size;
  const { daemon, ...start } = await measureStart(subject);
  const atStart = await controlPlane.requestTotals();
  const burstMs = await measureBursts(subject);
  await delay(REST_MS, undefined, { signal: run.signal });
  const churn = await measureChurn(subject, daemon.pid);
  await delay(SETTLE_MS, undefined, { signal: run.signal });
  const asked = requestsBetween(atStart, await controlPlane.requestTotals());
  const settledMegabytes = await residentMegabytes(daemon.pid);
  const highestMegabytes = await residentMegabytes(daemon.pid, "VmHWM");
  const lists = countRequests(asked, { verb: "LIST", resource: "ipleases" });
  await daemon.stop();
  return { leases, ...start, burstMs, ...churn, settledMegabytes, highestMegabytes, lists };
}

/** What is known once every status is right for the first time. */
type StartFigures = Pick<ControllerFigures, "leadMs" | "startMs" | "startProcessorMs" | "startMegabytes">;

async function measureStart(subject: ControllerSubject): Promise<StartFigures & Pick<ControllerReplica, "daemon">> {
  const { run, controlPlane, book, say } = subject;
  const kubeconfigPath = await createControllerAccount(run, controlPlane);
  await prepare(controlPlane);
  say(`the controller starts, ${book.size} leases in ${SCALE_POOLS.length} pools`);
  const startedAtMs = performance.now();
  const replica = await ControllerReplica.start(run, "scale", { kubeconfigPath });
  const isLeading = async (): Promise<true | undefined> => ((await replica.isLeading()) ? true : undefined);
  const { signal } = run;
  await waitFor(isLeading, { what: "the controller to lead", timeoutMs: BOUND_MS, intervalMs: LOOK_MS, signal });
  const leadMs = performance.now() - startedAtMs;
  await untilRight(subject);
  const startMs = performance.now() - startedAtMs;
  const { daemon } = replica;
  const startProcessorMs = await processorMs(daemon.pid);
  return { daemon, leadMs, startMs, startProcessorMs, startMegabytes: await residentMegabytes(daemon.pid, "VmHWM") };
}

/** Nodes, and a Lease that nobody holds: a controller that finds none waits 15 s, which says nothing about it. */
async function prepare({ api }: ControlPlane): Promise<void> {
  for (const name of NODE_NAMES) {
    await api.ensure("/api/v1/nodes", JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name } }));
  }
  const path = `/apis/coordination.k8s.io/v1/namespaces/${ELECTION_LEASE.namespace}/leases`;
  const metadata = { ...ELECTION_LEASE };
  await api.ensure(path, JSON.stringify({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: {} }));
}

async function measureBursts(subject: ControllerSubject): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let burst = 0; burst < BURST.count; burst += 1) {
    await delay(REST_MS, undefined, { signal: subject.run.signal });
    const changes = subject.book.take(BURST.changes);
    const sendMs = await timed(() => apply(subject, changes, BURST.parallel));
    const rightMs = await timed(() => untilRight(subject));
    subject.say(`  ${changes.length} changes in ${seconds(sendMs)}, all statuses right ${seconds(rightMs)} later`);
    samples.push(rightMs);
  }
  return samples;
}

async function measureChurn(
  subject: ControllerSubject,
  pid: number,
): Promise<Pick<ControllerFigures, "writesPerPoolSecond" | "churnProcessorPercent">> {
  const { controlPlane, book, say, run } = subject;
  say(`  ${CHURN.changesPerSecond} changes a second for ${CHURN.seconds} s`);
  const changeFor = async (lengthS: number): Promise<void> => {
    const beganAtMs = performance.now();
    for (let second = 1; second <= lengthS; second += 1) {
      await apply(subject, book.take(CHURN.changesPerSecond), CHURN.parallel);
      const restMs = beganAtMs + second * MS_PER_S - performance.now();
      await delay(Math.max(0, restMs), undefined, { signal: run.signal });
    }
  };
  // Statuses that nothing has happened to for a while are written at once: that is no part of a steady rate.
  await changeFor(CHURN.warmUpSeconds);
  const [before, usedMs] = [await controlPlane.requestTotals(), await processorMs(pid)];
  const startedAtMs = performance.now();
  await changeFor(CHURN.seconds);
  const durationS = (performance.now() - startedAtMs) / MS_PER_S;
  const asked = requestsBetween(before, await controlPlane.requestTotals());
  const churnProcessorPercent = ((await processorMs(pid)) - usedMs) / (durationS * 10);
  // Everything that is asked about pools but by this program's own looks, of which there are none now.
  const requests = countRequests(asked, { resource: "ippools" });
  await untilRight(subject);
  return { writesPerPoolSecond: requests / durationS / SCALE_POOLS.length, churnProcessorPercent };
}

async function apply({ raw }: ControllerSubject, changes: readonly LeaseChange[], parallel: number): Promise<void> {
  const tasks = changes.map(({ kind, pool, address }, index) => () => {
    if (kind === "delete") return raw.delete(leaseName(address, ""));
    return raw.create(podLease(address, { pool, node: NODE_NAMES[index % NODE_NAMES.length] ?? "" }));
  });
  await throughput(tasks, parallel);
}

/** Waits until every pool's status says what the book does. @throws Error that names the pools that never did */
async function untilRight({ controlPlane, run, book }: ControllerSubject): Promise<void> {
  const expected = book.figures();
  let wrong: readonly string[] = [];
  const isRight = async (): Promise<true | undefined> => {
    const { items } = (await controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}`)) as { readonly items: IPPool[] };
    wrong = items.filter((pool) => !says(pool, expected)).map(({ metadata }) => metadata.name);
    return wrong.length === 0 ? true : undefined;
  };
  const wait = { what: "all statuses to be right", timeoutMs: BOUND_MS, intervalMs: LOOK_MS, signal: run.signal };
  await waitFor(isRight, wait).catch((cause: unknown) => {
    throw new Error(`statuses are wrong: ${wrong.join(", ")}`, { cause });
  });
}

function says({ metadata, status }: IPPool, expected: ReadonlyMap<string, PoolFigures>): boolean {
  const figures = expected.get(metadata.name);
  if (figures === undefined || status === undefined) return false;
  const { capacity, used, free, outside } = figures;
  return status.capacity === capacity && status.used === used && status.free === free && status.outside === outside;
}

function seconds(ms: number): string {
  return `${(ms / MS_PER_S).toFixed(1)} s`;
}
