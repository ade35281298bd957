import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  Agent,
  type AgentMeter,
  CallTrace,
  createServer,
  keepPresence,
  keepReachable,
  listenOn,
  lockNode,
  NodeSandboxes,
  readNodeFile,
  SpoolFolder,
  TraceFile,
  TraceSwitch,
} from "@cluster-ipam/agent";
import { presencePath } from "@cluster-ipam/cni";
import {
  Circuit,
  EventRecorder,
  inCluster,
  type KubeAnswer,
  KubeClient,
  type KubeRequest,
  kubeconfigFile,
} from "@cluster-ipam/kube";
import { ApiHolderStates, ApiLeaseStore, ApiNodePods, ApiPoolStore } from "@cluster-ipam/store";
import { createLogger, type Logger } from "@cluster-ipam/telemetry";
import { startMetrics } from "./agent-telemetry.ts";
import { type AgentConfig, parseConfig, USAGE, UsageError } from "./config.ts";
import { INSTALL_USAGE, install, isInstallError } from "./install.ts";
import { releaseStartUpMemory } from "./start-up-memory.ts";
import { SYSTEM_CLOCK } from "./system-clock.ts";
import { VERSION } from "./version.ts";

/** How long the agent waits for its node's leases before it listens without them. */
const LOADED_PATIENCE_MS = 2_000;
/** sysexits(3) EX_USAGE. */
const EXIT_USAGE = 64;
const EXIT_FAILURE = 1;

/**
 * Runs the agent until `signal` aborts. However it ends, it ends in order: finish what runs, refuse the rest, let go of
 * the node.
 */
async function run(config: AgentConfig, log: Logger, signal: AbortSignal): Promise<void> {
  await using ending = new AsyncDisposableStack();
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const lock = await lockNode(config.nodeName, { log, signal });
  ending.defer(() => void lock.close());
  const source = config.kubeconfig === undefined ? inCluster() : kubeconfigFile(config.kubeconfig);
  const trace = startTrace(config, log);
  ending.defer(() => trace.close());
  const telemetry = await startMetrics(config, { log, signal });
  ending.defer(() => telemetry.close());
  const { meter, instance } = telemetry;
  const onAnswer = tellBoth(meter, trace);
  const circuit = new Circuit({ nowMs: () => SYSTEM_CLOCK.nowMs(), date: () => new Date(), random: Math.random });
  const client = new KubeClient({ source, userAgent: `cluster-ipam-agent/${VERSION}`, onAnswer, circuit });
  ending.defer(() => client.close());
  // Only now: what the node holds is read by the one agent that may change it.
  const agent = createAgent(config, { client, circuit }, { log, meter });
  telemetry.watch(agent);
  ending.defer(() => agent.close());
  await Promise.race([agent.loaded, SYSTEM_CLOCK.sleep(LOADED_PATIENCE_MS, signal)]);
  const server = createServer(agent, log, { meter, trace, instance });
  let removeSocket: () => Promise<void> = () => Promise.resolve();
  let present: Promise<unknown> = Promise.resolve();
  ending.defer(async () => void (await present));
  // Not before the last call is answered; one that comes meanwhile finds nobody listening, and tries again for a while.
  ending.defer(() => removeSocket());
  ending.defer(() => server.close());
  removeSocket = await listenOn(server, config.socket);
  telemetry.listening();
  const keeping = { clock: SYSTEM_CLOCK, log, signal };
  present = Promise.all([
    keepPresence(presencePath(config.socket), keeping),
    keepReachable(server, config.socket, keeping),
  ]);
  setImmediate(releaseStartUpMemory);
  log.info({ socket: config.socket, apiServer: client.server, version: VERSION }, "agent is listening");
  await aborted(signal);
}

/** Whoever counts, or writes down, what is asked of the API server. */
function tellBoth(
  meter: AgentMeter,
  trace: CallTrace,
): (request: KubeRequest, answer: KubeAnswer, durationMs: number) => void {
  return ({ method, path, isRetry }, answer, durationMs) => {
    const status = answer.kind === "answered" ? answer.status : 0;
    if (isRetry === true) meter.requestRetried();
    meter.requestEnded(method, status, durationMs);
    trace.requestEnded({ method, path, status, durationMs });
  };
}

function startTrace(config: AgentConfig, log: Logger): CallTrace {
  const control = new TraceSwitch({ stateFolder: config.stateDir, clock: SYSTEM_CLOCK, log });
  control.applyFlag(config.traceFile);
  return new CallTrace({ node: config.nodeName, control, file: new TraceFile({ log }), epochMs: Date.now });
}

/** The way to the API server. */
interface ApiWay {
  readonly client: KubeClient;
  readonly circuit: Circuit;
}

function createAgent(
  config: AgentConfig,
  { client, circuit }: ApiWay,
  { log, meter }: { readonly log: Logger; readonly meter: AgentMeter },
): Agent {
  return new Agent({
    node: config.nodeName,
    leases: new ApiLeaseStore(client),
    pools: new ApiPoolStore(client),
    holders: new ApiHolderStates(client),
    sandboxes: new NodeSandboxes(),
    spool: new SpoolFolder(join(config.stateDir, "spool"), { log, clock: SYSTEM_CLOCK, meter }),
    clock: SYSTEM_CLOCK,
    random: Math.random,
    log,
    meter,
    circuit,
    apiServer: client.server,
    readFile: readNodeFile,
    readKernelCommandLine: () => readNodeFile(config.kernelCommandLine),
    nodeAddresses: () => config.nodeAddresses.read(),
    reconciliation: {
      mode: config.reconcile,
      pods: new ApiNodePods(client),
      events: new EventRecorder({
        client,
        reportingController: "cluster-ipam.io/agent",
        reportingInstance: config.nodeName,
        onLost: ({ reason, note }, answer) => log.debug({ reason, note, answer }, "event could not be sent"),
      }),
    },
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function main(): Promise<void> {
  const [, program = "", ...args] = process.argv;
  const isInstall = args[0] === "install";
  if (args.includes("--help")) process.stdout.write(isInstall ? INSTALL_USAGE : USAGE);
  else if (isInstall) process.stdout.write(await install(args.slice(1), program));
  else await runAgent(args);
}

async function runAgent(args: readonly string[]): Promise<void> {
  const config = parseConfig(args);
  const log = createLogger({ node: config.nodeName }, config.logLevel);
  const ended = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => ended.abort());
  try {
    await run(config, log, ended.signal);
  } catch (err) {
    if (ended.signal.aborted) return;
    log.error({ err }, "agent failed");
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError) && !isInstallError(error)) throw error;
  process.stderr.write(`cluster-ipam-agent: ${error.message}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
});
