import { UsageError } from "@cluster-ipam/command-line";
import { createLogger } from "@cluster-ipam/telemetry";
import { parseConfig, USAGE } from "./config.ts";
import { runController } from "./controller-run.ts";

/** sysexits(3) EX_USAGE. */
const EXIT_USAGE = 64;
const EXIT_FAILURE = 1;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes("--help")) process.stdout.write(USAGE);
  else await runUntilSignal(args);
}

async function runUntilSignal(args: readonly string[]): Promise<void> {
  const config = parseConfig(args);
  const log = createLogger({ replica: config.identity }, config.logLevel);
  const ended = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => ended.abort());
  try {
    await runController(config, log, ended.signal);
  } catch (err) {
    log.error({ err }, "controller failed");
    process.exitCode = EXIT_FAILURE;
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`cluster-ipam-controller: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
});
