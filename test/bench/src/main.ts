// Measures ADD against what it is made of, in one run: `make bench`. Minutes; prints what falls short and ends with 0
// all the same, since a busy machine proves nothing.
import { Run } from "@cluster-ipam/test-integration";
import { FOOTPRINT_NODES, footprintTargets, measureFootprint, measureIdle } from "./agent-footprint.ts";
import { startCluster } from "./bench-cluster.ts";
import { measureChoice } from "./candidate-choice.ts";
import { measureParsing } from "./config-parsing.ts";
import { coreTargets } from "./core-report.ts";
import { measureLeaseMemory } from "./lease-memory.ts";
import { COUNTS, measureBursts, measureCold, measureInterleaved } from "./measurements.ts";
import { measurePlugin, pluginTargets } from "./plugin-footprint.ts";
import { FEATURE_NODES, featureTargets, measureFeatures } from "./pool-features.ts";
import { LEVEL_POOLS, measureLevels } from "./pool-levels.ts";
import { RawApi } from "./raw-api.ts";
import { formatParts, formatRates, formatSamples, formatTargets, targetsOf } from "./report.ts";
import { createSubjects, PARALLEL } from "./subjects.ts";

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function measure(run: Run): Promise<void> {
  say("the agent's own work, without a server");
  const core = {
    choices: await measureChoice(),
    parsingMs: measureParsing(),
    bytesPerLease: await measureLeaseMemory(),
  };
  const plugin = await measurePlugin(run);
  const cluster = await startCluster(run, say, {
    pools: LEVEL_POOLS,
    moreNodes: [...FOOTPRINT_NODES, ...FEATURE_NODES],
  });
  say("the agent: idle, in its first burst, and how fast it starts");
  const footprint = await measureFootprint(run, cluster);
  const raw = new RawApi(cluster.controlPlane.api.access);
  // Before raw leases are there, which the agent would read one by one: requests are counted here.
  say("pools that do more: blocks of a node, addresses that are retained");
  const features = await measureFeatures(run, cluster, raw);
  const subjects = await createSubjects(run, cluster, raw);
  say(`one at a time: ${COUNTS.rounds} interleaved rounds after ${COUNTS.warmUpRounds} to warm up`);
  const samples = await measureInterleaved(subjects);
  say(`bursts: ${COUNTS.burstRounds} interleaved rounds`);
  const rates = await measureBursts(subjects);
  say(`cold: ${COUNTS.coldSamples} ADDs, each after the agent was idle for ${COUNTS.coldIdleMs / 1_000} s`);
  const cold = await measureCold(subjects);
  say("pools of one size, one empty and one 99 % full, in turn");
  const levels = await measureLevels(cluster, raw, say);
  say("the agent with nothing to do, for a minute");
  const idle = await measureIdle(run, cluster);
  await raw.close();
  say(`\n${formatSamples(samples, cold)}`);
  say(`\nwhere the time of an ADD through the plugin goes (from the medians)\n${formatParts(samples)}`);
  say(
    `\ncalls a second, ${PARALLEL.processes} processes or ${PARALLEL.requests} requests in parallel\n${formatRates(rates)}`,
  );
  const targets = [
    ...targetsOf({ samples, rates }),
    ...pluginTargets(plugin),
    ...footprintTargets(footprint, idle),
    ...coreTargets({ ...core, levels }),
    ...featureTargets(features),
  ];
  say(`\n${formatTargets(targets)}`);
}

await using run = await Run.open();
await measure(run);
