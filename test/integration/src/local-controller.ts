import {
  CheckDesk,
  ClusterConcern,
  ControllerMetrics,
  GARBAGE_PACE,
  type GarbageMode,
  type GarbageSettings,
} from "@cluster-ipam/controller";
import { EventRecorder, KubeClient, kubeconfigFile } from "@cluster-ipam/kube";
import {
  ApiBlockStore,
  ApiClusterNodes,
  ApiLeaseStore,
  ApiNodePods,
  ApiPodNetworks,
  ApiPoolStatusStore,
} from "@cluster-ipam/store";
import { createLogger, loadMetricRegistry } from "@cluster-ipam/telemetry";
import type { ControlPlane } from "./control-plane.ts";
import { createControllerAccount } from "./controller-role.ts";
import { LeapingClock } from "./leaping-clock.ts";
import type { Run } from "./run.ts";
import { waitFor } from "./waiting.ts";

/** A round of a hundred releases takes ten seconds and more. */
const ROUND_TIMEOUT_MS = 60_000;
const SETTINGS: GarbageSettings = { mode: "on", maxPercent: 30, inlinePoolIdleMs: undefined };

/** As an operator has them, but that garbage is looked for. */
interface LocalSettings extends GarbageSettings {
  readonly mode: Exclude<GarbageMode, "off">;
}

/** Which parts of it a test has. */
interface LocalParts {
  readonly metrics: ControllerMetrics;
  readonly text: () => Promise<string>;
  readonly clock: LeapingClock;
  readonly events: EventRecorder;
  readonly end: () => Promise<void>;
}

/**
 * What the shipped controller does as the leader, in this process: the real stores, the permissions that the
 * documentation names and no others, and a clock that a test moves. It ends with its run at the latest.
 */
export class LocalController {
  readonly clock: LeapingClock;
  readonly #parts: LocalParts;

  private constructor(parts: LocalParts) {
    this.clock = parts.clock;
    this.#parts = parts;
  }

  /** Begins a term, and waits until its first look for garbage has ended. */
  static async start(
    run: Run,
    controlPlane: ControlPlane,
    settings: Partial<LocalSettings> = {},
  ): Promise<LocalController> {
    const source = kubeconfigFile(await createControllerAccount(run, controlPlane));
    const client = new KubeClient({ source, userAgent: "cluster-ipam-test/0" });
    const clock = new LeapingClock();
    const registry = await loadMetricRegistry();
    const metrics = new ControllerMetrics(registry, "0");
    const reporter = { reportingController: "cluster-ipam.io/controller", reportingInstance: "local" };
    const events = new EventRecorder({ client, ...reporter, onLost: () => undefined });
    const concern = new ClusterConcern({
      client,
      events,
      clock,
      meter: metrics,
      stores: {
        leases: new ApiLeaseStore(client),
        pools: new ApiPoolStatusStore(client),
        blocks: new ApiBlockStore(client),
        pods: new ApiNodePods(client),
        nodes: new ApiClusterNodes(client),
        clusterPods: new ApiPodNetworks(client),
      },
      date: () => new Date(),
      nearlyFullPercent: 90,
      garbage: { ...SETTINGS, ...settings },
      consistency: { intervalMs: undefined },
      desk: new CheckDesk(),
      random: Math.random,
      log: createLogger({}, "silent", { write: () => undefined }),
    });
    const ended = new AbortController();
    const running = concern.run(ended.signal);
    const end = async (): Promise<void> => {
      ended.abort();
      await running;
      await client.close();
    };
    run.defer(end);
    const local = new LocalController({ metrics, text: () => registry.text(), clock, events, end });
    await local.#untilRounds(1);
    return local;
  }

  /** So much time passes, and looks for garbage have ended, one of which began after that; their events have been sent. */
  async roundAfter(ms: number): Promise<void> {
    // The first of the two may have been under way.
    for (const leapMs of [Math.max(ms, GARBAGE_PACE.roundMs), GARBAGE_PACE.roundMs]) {
      const before = await this.#rounds();
      this.clock.leap(leapMs);
      await this.#untilRounds(before + 1);
    }
    await this.#parts.events.idle();
  }

  /** Such rounds until `isMet`: a watch may tell of something as late as it likes. @throws Error when it never is */
  async roundsUntil(ms: number, isMet: () => Promise<boolean>): Promise<void> {
    const look = async (): Promise<true | undefined> => {
      await this.roundAfter(ms);
      return (await isMet()) ? true : undefined;
    };
    await waitFor(look, { what: "the controller to see and do it", timeoutMs: ROUND_TIMEOUT_MS });
  }

  /** The sum of its own series whose labels hold `label`, such as `kind="lease"`; 0 where there is none. */
  async metric(name: string, label: string = ""): Promise<number> {
    const lines = (await this.#parts.text()).split("\n");
    const own = lines.filter((line) => line.startsWith(`cluster_ipam_controller_${name}`) && line.includes(label));
    return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  /** Ends the term, unless it has ended. */
  async close(): Promise<void> {
    await this.#parts.end();
  }

  #rounds(): Promise<number> {
    return this.metric("garbage_rounds_total");
  }

  async #untilRounds(count: number): Promise<void> {
    const isMet = async (): Promise<true | undefined> => ((await this.#rounds()) >= count ? true : undefined);
    await waitFor(isMet, { what: "a look for garbage to end", timeoutMs: ROUND_TIMEOUT_MS });
  }
}
