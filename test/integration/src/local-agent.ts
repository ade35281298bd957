import { join } from "node:path";
import {
  Agent,
  NO_METER,
  NodeSandboxes,
  type ReconcileMode,
  type ReconcileReport,
  SpoolFolder,
} from "@cluster-ipam/agent";
import { decodeRequest, type IpamResult } from "@cluster-ipam/cni";
import { Circuit, EventRecorder, KubeClient, kubeconfigFile } from "@cluster-ipam/kube";
import {
  ApiBlockStore,
  ApiClusterFacts,
  ApiHolderStates,
  ApiLeaseStore,
  ApiNodePods,
  ApiPoolStore,
} from "@cluster-ipam/store";
import { createLogger } from "@cluster-ipam/telemetry";
import { type CniCall, cniEnvironment } from "./cni-call.ts";
import { agentUser, type ControlPlane } from "./control-plane.ts";
import { LeapingClock } from "./leaping-clock.ts";
import type { Run } from "./run.ts";

/** How long one call may take. */
const CALL_TIMEOUT_MS = 20_000;

/** Which agent. */
export interface LocalAgentOptions {
  readonly node: string;
  /** on when absent. */
  readonly mode?: ReconcileMode;
}

interface Connection {
  readonly client: KubeClient;
  readonly circuit: Circuit;
  readonly requests: string[];
}

/**
 * The shipped agent in this process: the real stores, the machine's real network namespaces, and a clock that a test
 * moves. It ends with its run.
 */
export class LocalAgent {
  readonly clock: LeapingClock;
  /** What reconciliation has counted, such as `sandbox-gone`, or `dry run: sandbox-gone`. */
  readonly counted: string[] = [];
  /** What it has asked the API server, such as `GET /api/v1/pods`. */
  readonly requests: string[];
  readonly #adds: CniCall[] = [];
  readonly #agent: Agent;
  readonly #events: EventRecorder;

  private constructor(run: Run, { client, circuit, requests }: Connection, { node, mode = "on" }: LocalAgentOptions) {
    const clock = new LeapingClock();
    const log = createLogger({}, "silent", { write: () => undefined });
    this.requests = requests;
    this.clock = clock;
    this.#events = new EventRecorder({
      client,
      reportingController: "cluster-ipam.io/agent",
      reportingInstance: node,
      onLost: () => undefined,
    });
    const reconciled = (finding: string, isDryRun: boolean): void => {
      this.counted.push(isDryRun ? `dry run: ${finding}` : finding);
    };
    const meter = { ...NO_METER, reconciled };
    this.#agent = new Agent({
      node,
      leases: new ApiLeaseStore(client),
      pools: new ApiPoolStore(client),
      facts: new ApiClusterFacts(client),
      blocks: new ApiBlockStore(client),
      holders: new ApiHolderStates(client),
      pods: new ApiNodePods(client),
      date: () => new Date(),
      sandboxes: new NodeSandboxes(),
      spool: new SpoolFolder(join(run.folder, `spool-${node}`), { log, clock, meter }),
      clock,
      random: Math.random,
      log,
      meter,
      circuit,
      apiServer: client.server,
      readFile: () => "",
      readKernelCommandLine: () => "",
      nodeAddresses: () => [],
      reconciliation: { mode, events: this.#events },
    });
  }

  /** Starts an agent as the user that the node's agent is, and waits until it knows what its node holds. */
  static async start(run: Run, controlPlane: ControlPlane, options: LocalAgentOptions): Promise<LocalAgent> {
    const kubeconfig = await controlPlane.kubeconfigFor(agentUser(options.node));
    const requests: string[] = [];
    const circuit = new Circuit({ nowMs: () => performance.now(), date: () => new Date(), random: Math.random });
    const client = new KubeClient({
      circuit,
      source: kubeconfigFile(kubeconfig),
      userAgent: "cluster-ipam-test/0",
      onAnswer: ({ method, path }) => void requests.push(`${method} ${path}`),
    });
    const local = new LocalAgent(run, { client, circuit, requests }, options);
    run.defer(async () => {
      await local.#agent.close();
      await client.close();
    });
    await local.#agent.loaded;
    return local;
  }

  /** A DEL for every ADD so far. */
  async releaseAll(): Promise<void> {
    for (const add of this.#adds.splice(0)) await this.call({ ...add, command: "DEL" });
  }

  /** One call as the plugin makes it, later than every one before. @returns addresses without their prefix lengths */
  async call(call: CniCall): Promise<readonly string[]> {
    if (call.command === "ADD") this.#adds.push(call);
    const wire = {
      startedAt: process.hrtime.bigint().toString(),
      env: cniEnvironment(call),
      stdin: JSON.stringify(call.config),
    };
    const result = await this.#agent.call(decodeRequest(wire), AbortSignal.timeout(CALL_TIMEOUT_MS));
    const { ips = [] } = (result ?? {}) as Partial<IpamResult>;
    return ips.map(({ address }) => address.split("/", 1)[0] ?? address);
  }

  /** A round now; its events have been sent when it ends. */
  async reconcile(): Promise<ReconcileReport> {
    const report = await this.#agent.reconcile();
    await this.#events.idle();
    return report;
  }

  /** A round, so much time, and another round. */
  async reconcileApart(ms: number): Promise<ReconcileReport> {
    await this.reconcile();
    this.clock.leap(ms);
    return await this.reconcile();
  }
}
