import { CheckDesk, ClusterConcern, type ClusterMeter } from "@cluster-ipam/controller";
import { NO_INFORMER_METER } from "@cluster-ipam/kube";
import { createLogger } from "@cluster-ipam/telemetry";
import { FIRST_DAY_MS } from "./agent-process.ts";
import { ApiConnection } from "./api-connection.ts";
import type { Chance } from "./chance.ts";
import type { WireObject } from "./change-feed.ts";
import { ControllerClient } from "./controller-client.ts";
import { controllerStores } from "./controller-stores.ts";
import type { ControllerPlan, WatchWeather } from "./plan.ts";
import type { Fates } from "./request-fate.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { Story } from "./story.ts";
import { Actor, type VirtualTime } from "./virtual-time.ts";
import { ActorClock } from "./virtual-timers.ts";

/** What a controller process is made of. */
export interface ControllerProcessParts {
  readonly plan: ControllerPlan;
  readonly time: VirtualTime;
  readonly server: SimulatedApiServer;
  readonly fates: Fates;
  readonly chance: Chance;
  readonly story: Story;
  /** What watches go through, now. */
  readonly weather: () => WatchWeather;
  /** The process has been told of these objects, now. */
  readonly told: (objects: readonly WireObject[]) => void;
  /** What it does as the leader has failed, or the shipped code has. */
  readonly complain: (text: string) => void;
}

const SILENT = createLogger({}, "silent", { write: () => undefined });

/** One term of the shipped controller, in a process of its own: everything that a leader does, over copies that watches keep. */
export class ControllerProcess {
  readonly actor: Actor;
  readonly #parts: ControllerProcessParts;
  readonly #ended = new AbortController();

  /** @param term 1 for the first one */
  constructor(term: number, parts: ControllerProcessParts) {
    this.#parts = parts;
    this.actor = new Actor(`controller ${term}`, parts.plan.clockRate);
    // A step of its own, so that the timers that it sets are its own.
    parts.time.schedule(this.actor, 0, () => void this.#lead());
  }

  /** Everything that the process had to do is over; what it sent is on its way. */
  kill(): void {
    this.actor.isAlive = false;
  }

  /** Another one leads; the process learns of it after a while, and ends its work then. */
  depose(knowsMs: number): void {
    this.#parts.time.schedule(this.actor, knowsMs, () => this.#ended.abort());
  }

  async #lead(): Promise<void> {
    try {
      await this.#concern().run(this.#ended.signal);
      if (!this.#ended.signal.aborted) this.#parts.complain(`what ${this.actor.name} does has ended by itself`);
    } catch (error) {
      this.#parts.complain(`what ${this.actor.name} does has failed: ${String(error)}`);
    }
  }

  #concern(): ClusterConcern {
    const { actor } = this;
    const { plan, time, chance, server } = this.#parts;
    const { random } = chance.of(actor.name);
    const connection = new ApiConnection(actor, this.#parts, { writer: { kind: "controller", sentAtMs: time.nowMs } });
    const dice = chance.of(`watches of ${actor.name}`);
    return new ClusterConcern({
      client: new ControllerClient({ ...this.#parts, actor, connection, dice }),
      stores: controllerStores(connection, server, () => time.nowMs),
      random,
      events: { tell: () => undefined },
      meter: this.#meter(),
      clock: new ActorClock(time, actor, plan.clockOriginMs),
      date: () => new Date(FIRST_DAY_MS + plan.dayOffsetMs + time.nowMs),
      nearlyFullPercent: 90,
      garbage: { mode: "on", maxPercent: 50, inlinePoolIdleMs: plan.inlinePoolIdleMs },
      // A check writes nothing.
      consistency: { intervalMs: undefined },
      desk: new CheckDesk(),
      log: SILENT,
    });
  }

  #meter(): ClusterMeter {
    const ignore = (): void => undefined;
    const handlerFailed = (error: Error): void => this.#parts.complain(`a handler has failed: ${error.message}`);
    return {
      informer: () => ({ ...NO_INFORMER_METER, handlerFailed }),
      pools: { set: ignore, remove: ignore, clear: ignore },
      queues: { watch: ignore, worked: ignore },
      checks: { checkEnded: ignore, checkFound: ignore, checkForgotten: ignore },
      statusReflected: ignore,
      statusWritten: ignore,
      keptLeaseEnded: ignore,
      garbageFound: ignore,
      garbageRoundEnded: ignore,
      garbageBraked: ignore,
    };
  }
}
