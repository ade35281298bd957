import { UsageError } from "@cluster-ipam/command-line";
import { createLogger } from "@cluster-ipam/telemetry";
import { runAgent } from "./agent-run.ts";
import { parseConfig, USAGE } from "./config.ts";
import { INSTALL_USAGE, install, isInstallError } from "./install.ts";

/** sysexits(3) EX_USAGE. */
const EXIT_USAGE = 64;
const EXIT_FAILURE = 1;

async function main(): Promise<void> {
  const [, program = "", ...args] = process.argv;
  const isInstall = args[0] === "install";
  if (args.includes("--help")) process.stdout.write(isInstall ? INSTALL_USAGE : USAGE);
  else if (isInstall) process.stdout.write(await install(args.slice(1), program));
  else await runUntilSignal(args);
}

async function runUntilSignal(args: readonly string[]): Promise<void> {
  const config = parseConfig(args);
  const log = createLogger({ node: config.nodeName }, config.logLevel);
  const ended = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => ended.abort());
  try {
    await runAgent(config, log, ended.signal);
  } catch (err) {
    // Whatever waited ends like this when the process is told to end.
    if (ended.signal.aborted && err instanceof Error && err.name === "AbortError") return;
    log.error({ err }, "agent failed");
    process.exitCode = EXIT_FAILURE;
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError) && !isInstallError(error)) throw error;
  process.stderr.write(`cluster-ipam-agent: ${error.message}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
});
