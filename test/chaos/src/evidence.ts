import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { SimulatedCluster } from "@cluster-ipam/test-integration";
import type { Ledger } from "./ledger.ts";
import { formatViolation, type Violation } from "./violation.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
/** How many violations a message quotes, and how many lines of the logs for each container. */
const QUOTED_VIOLATIONS = 5;
const QUOTED_LINES = 12;
const LINE_LENGTH = 400;

/** A rule was broken: the message says which, what the callers and the agents saw, and how to run it again. */
export class ChaosFailure extends Error {
  override readonly name: string = "ChaosFailure";
}

/** What a failure is told from. */
export interface Evidence {
  readonly seed: number;
  readonly cluster: SimulatedCluster;
  readonly ledger: Ledger;
}

/**
 * Keeps the logs of a run that failed, and says what is in them about the rules that were broken.
 *
 * @param cause - what else went wrong.
 */
export async function failureOf(
  violations: readonly Violation[],
  evidence: Evidence,
  cause?: unknown,
): Promise<ChaosFailure> {
  const { seed, ledger } = evidence;
  const folder = await keepLogs(evidence);
  const told = await Promise.all(
    violations.slice(0, QUOTED_VIOLATIONS).map((violation) => tell(violation, ledger, folder)),
  );
  const count = `seed ${seed}: ${violations.length} violations`;
  const error = cause instanceof Error ? [cause.message] : [];
  const lines = [count, ...error, ...told, `logs: ${folder}`, `again: make chaos SEED=${seed}`];
  return new ChaosFailure(lines.join("\n"), { cause });
}

/** Copies the logs to a folder that outlives the run. @returns its path */
async function keepLogs({ seed, cluster, ledger }: Evidence): Promise<string> {
  const folder = join(ROOT, ".cache/chaos", `seed-${seed}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of logNames(cluster)) {
    await copyFile(join(cluster.run.folder, name), join(folder, name.replace("/", "-"))).catch(() => undefined);
  }
  await writeFile(join(folder, "violations.txt"), ledger.violations.map((one) => `${formatViolation(one)}\n`).join(""));
  return folder;
}

async function tell(violation: Violation, ledger: Ledger, folder: string): Promise<string> {
  const lines = await Promise.all(violation.containerIds.map((containerId) => tellOf(containerId, ledger, folder)));
  return [formatViolation(violation), ...lines.flat()].join("\n  ");
}

async function tellOf(containerId: string, ledger: Ledger, folder: string): Promise<readonly string[]> {
  const record = ledger.find(containerId, "net1");
  const calls = (record?.calls ?? []).map(
    ({ command, startedAtMs, endedAtMs, said }) =>
      `${(startedAtMs / 1_000).toFixed(3)} s to ${(endedAtMs / 1_000).toFixed(3)} s: ${command} ${said}`,
  );
  const logged = await Promise.all(
    ["n1-agent.log", "n2-agent.log"].map((name) => grep(join(folder, name), containerId)),
  );
  return [`container ${containerId}`, ...calls, ...logged.flat()];
}

async function grep(path: string, word: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line.includes(word));
  return lines.slice(-QUOTED_LINES).map((line) => `${basename(path)}: ${line.slice(0, LINE_LENGTH)}`);
}

function logNames({ nodes }: SimulatedCluster): readonly string[] {
  return ["kube-apiserver.log", "etcd.log", ...nodes.map(({ name }) => `${name}/agent.log`)];
}
