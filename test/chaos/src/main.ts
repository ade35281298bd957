// Runs every scenario in its long form: `main.ts [SEED]`. Ends with 1 and the evidence when a rule is broken.
import {
  listenForInterruption,
  requireRoot,
  requireSystemPrograms,
  requireTools,
  runMain,
} from "@cluster-ipam/test-integration";
import { ChaosRun } from "./chaos-run.ts";
import { LONG } from "./scale.ts";
import { ALL_SCENARIOS } from "./scenarios.ts";
import { readSeed } from "./seed.ts";
import { formatSummary } from "./summary.ts";

const EXIT_USAGE = 2;
const startedAtMs = performance.now();

function say(text: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  process.stdout.write(`${seconds.padStart(5)} s  ${text}\n`);
}

async function run(seed: number, signal: AbortSignal): Promise<void> {
  requireRoot();
  await requireSystemPrograms();
  await requireTools(["etcd", "kube-apiserver", "cluster-ipam", "cluster-ipam-agent"]);
  say(`seed ${seed}`);
  await using chaos = await ChaosRun.open({ seed, scale: LONG, say, signal });
  for (const scenario of ALL_SCENARIOS) {
    say(`begins: ${scenario.name}`);
    const summary = await chaos.play(scenario);
    say(formatSummary(summary));
    const living = await chaos.reconcile();
    say(`after reconciliation the leases are those of the ${living} living attachments`);
  }
  await chaos.deleteAll();
  say(`every scenario holds with seed ${seed}`);
}

const [text] = process.argv.slice(2);
const seed = readSeed(text);
const signal = listenForInterruption();
if (seed === undefined) {
  process.stderr.write(`"${text}" is no seed: expected a whole number such as 12345\n`);
  process.exitCode = EXIT_USAGE;
} else await runMain(signal, () => run(seed, signal));
