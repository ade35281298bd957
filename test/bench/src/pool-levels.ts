import { setTimeout as delay } from "node:timers/promises";
import type { CniCall } from "@cluster-ipam/test-integration";
import type { BenchCluster } from "./bench-cluster.ts";
import { callThroughSocket, NETWORK, nextAdd } from "./cni-subject.ts";
import { fillLeases } from "./lease-fill.ts";
import type { RawApi } from "./raw-api.ts";
import { timed } from "./statistics.ts";

/** Two pools of one size. */
export const LEVEL_POOLS = { empty: "10.200.0.0/19", full: "10.201.0.0/19" } as const;

/** A /19 less its first and last address, and 99 % of it. */
const CAPACITY = 8_190;
const TAKEN = Math.ceil(CAPACITY * 0.99);
/** Longer than an agent goes by what a list has told it. */
const FORGOTTEN_MS = 5_500;
const COUNTS = { rounds: 100, warmUpRounds: 10, coldRounds: 5 } as const;

/** Milliseconds of one ADD each, and of one list of the full pool's leases. */
export interface LevelSamples {
  readonly empty: readonly number[];
  readonly full: readonly number[];
  readonly cold: readonly number[];
  readonly list: readonly number[];
}

/** Measures ADDs into an empty pool and into one that is 99 % full in turn, each followed by its DEL. */
export async function measureLevels(
  { socketPath }: BenchCluster,
  raw: RawApi,
  say: (text: string) => void,
): Promise<LevelSamples> {
  await fillLeases(raw, { pool: "full", first: "10.201.0.1", count: TAKEN }, say);
  const addTo = (pool: "empty" | "full"): Promise<number> => addAndDelete(socketPath, pool);
  const samples = { empty: [] as number[], full: [] as number[], cold: [] as number[], list: [] as number[] };
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    const [empty, full] = [await addTo("empty"), await addTo("full")];
    if (round < 0) continue;
    samples.empty.push(empty);
    samples.full.push(full);
  }
  for (let round = 0; round < COUNTS.coldRounds; round += 1) {
    await delay(FORGOTTEN_MS);
    samples.list.push(await timed(() => raw.listNames("full")));
    samples.cold.push(await addTo("full"));
  }
  return samples;
}

async function addAndDelete(socketPath: string, pool: string): Promise<number> {
  const config = { ...NETWORK, name: pool, ipam: { type: "cluster-ipam", pool } };
  const add: CniCall = nextAdd("/proc/self/ns/net", config);
  const durationMs = await timed(() => callThroughSocket(socketPath, add));
  await callThroughSocket(socketPath, { ...add, command: "DEL" });
  return durationMs;
}
