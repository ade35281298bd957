import { randomUUID } from "node:crypto";
import {
  answerCheck,
  CheckDesk,
  ClusterConcern,
  Controller,
  ControllerMetrics,
  ElectionJournal,
  findElectionTrouble,
  findUnreadiness,
} from "@cluster-ipam/controller";
import { EventRecorder, inCluster, KubeClient, kubeconfigFile, LeaderElector, SYSTEM_CLOCK } from "@cluster-ipam/kube";
import {
  ApiBlockStore,
  ApiClusterNodes,
  ApiLeaseStore,
  ApiNodePods,
  ApiPodNetworks,
  ApiPoolStatusStore,
} from "@cluster-ipam/store";
import {
  ActionServer,
  addProcessMetrics,
  type Logger,
  loadMetricRegistry,
  type MetricRegistry,
  ProbeServer,
} from "@cluster-ipam/telemetry";
import type { ControllerConfig } from "./config.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the controller until `signal` aborts. However it ends, it ends in order: what it does as the leader, the lead,
 * then the pages for probes.
 *
 * @throws Error when nobody can listen, or what the leader does has failed; the lead has been given up then
 */
export async function runController(config: ControllerConfig, log: Logger, signal: AbortSignal): Promise<void> {
  await using ending = new AsyncDisposableStack();
  const registry = await loadMetricRegistry();
  const metrics = new ControllerMetrics(registry, VERSION);
  addProcessMetrics(registry);
  // Of its own: a renewal is never to wait for other requests.
  const client = connect(config, metrics);
  ending.defer(() => client.close());
  const elector = createElector(config, { client, observer: new ElectionJournal(log, metrics) });
  metrics.watch(elector);
  const closeServer = await serve(config, { log, registry, elector, signal });
  ending.defer(closeServer);
  const desk = new CheckDesk();
  const closeDesk = await serveChecks(config, { log, desk, elector });
  ending.defer(closeDesk);
  // Of its own likewise: what the leader does may take all connections for a while.
  const worker = connect(config, metrics);
  ending.defer(() => worker.close());
  const controller = new Controller({ concerns: [clusterConcern(config, { worker, metrics, desk, log })], log });
  log.info({ ...config.election, apiServer: client.server, version: VERSION }, "controller stands for election");
  await elector.run((ended) => controller.run(ended), signal);
}

function connect({ kubeconfig }: ControllerConfig, metrics: ControllerMetrics): KubeClient {
  return new KubeClient({
    source: kubeconfig === undefined ? inCluster() : kubeconfigFile(kubeconfig),
    userAgent: `cluster-ipam-controller/${VERSION}`,
    onAnswer: (request, answer, durationMs) => metrics.requestEnded(request, answer, durationMs),
  });
}

function createElector(
  { election, identity }: ControllerConfig,
  { client, observer }: { readonly client: KubeClient; readonly observer: ElectionJournal },
): LeaderElector {
  return new LeaderElector({
    ...election,
    client,
    observer,
    // Two replicas on one host, or one that was started again, are not the same.
    identity: `${identity}_${randomUUID()}`,
    clock: SYSTEM_CLOCK,
    date: () => new Date(),
    random: Math.random,
  });
}

/** What the leader's work is made of. */
interface LeaderParts {
  readonly worker: KubeClient;
  readonly metrics: ControllerMetrics;
  readonly desk: CheckDesk;
  readonly log: Logger;
}

function clusterConcern(
  { identity, nearlyFullPercent, garbage, consistency }: ControllerConfig,
  { worker, metrics, desk, log }: LeaderParts,
): ClusterConcern {
  return new ClusterConcern({
    client: worker,
    stores: {
      leases: new ApiLeaseStore(worker),
      pools: new ApiPoolStatusStore(worker),
      blocks: new ApiBlockStore(worker),
      pods: new ApiNodePods(worker),
      nodes: new ApiClusterNodes(worker),
      clusterPods: new ApiPodNetworks(worker),
    },
    events: new EventRecorder({
      client: worker,
      reportingController: "cluster-ipam.io/controller",
      reportingInstance: identity,
      onLost: ({ reason, note }, answer) => log.debug({ reason, note, answer }, "event could not be sent"),
    }),
    meter: metrics,
    clock: SYSTEM_CLOCK,
    date: () => new Date(),
    nearlyFullPercent,
    garbage,
    consistency,
    desk,
    random: Math.random,
    log,
  });
}

interface Shown {
  readonly log: Logger;
  readonly registry: MetricRegistry;
  readonly elector: LeaderElector;
  /** Aborts when the controller begins to end. */
  readonly signal: AbortSignal;
}

/** Serves metrics and probes where the command line says so. @returns ends that */
async function serve(
  { metricsAddress }: ControllerConfig,
  { log, registry, elector, signal }: Shown,
): Promise<() => Promise<void>> {
  if (metricsAddress === undefined) return () => Promise.resolve();
  const server = new ProbeServer({
    metrics: registry,
    probes: {
      // A process that ends is to be left alone.
      "/healthz": () => (signal.aborted ? [] : findElectionTrouble(elector)),
      "/readyz": () => findUnreadiness(elector, signal.aborted),
    },
  });
  const port = await server.listen(metricsAddress);
  log.info({ host: metricsAddress.host, port }, "metrics are served");
  return () => server.close();
}

interface Checks {
  readonly log: Logger;
  readonly desk: CheckDesk;
  readonly elector: LeaderElector;
}

/** Serves checks where the command line says so. @returns ends that */
async function serveChecks(
  { checkAddress }: ControllerConfig,
  { log, desk, elector }: Checks,
): Promise<() => Promise<void>> {
  if (checkAddress === undefined) return () => Promise.resolve();
  const server = new ActionServer({ actions: { "/v1/check": () => answerCheck(desk, elector) } });
  const port = await server.listen(checkAddress);
  log.info({ host: checkAddress.host, port }, "checks are served");
  return () => server.close();
}
