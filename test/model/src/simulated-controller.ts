import { KeptLeaseEnder } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import type { Chance, Dice } from "./chance.ts";
import type { ControllerPlan } from "./plan.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { Story } from "./story.ts";
import { Actor, type VirtualTime } from "./virtual-time.ts";
import { ActorClock } from "./virtual-timers.ts";

/** Parts of the controller that outlive its processes. */
export interface ControllerParts {
  readonly plan: ControllerPlan;
  readonly time: VirtualTime;
  readonly server: SimulatedApiServer;
  readonly chance: Chance;
  readonly story: Story;
  /** The controller has read these leases, now. */
  readonly seen: (leases: readonly IPLease[]) => void;
}

/** How long a delete may be on its way at most, while things go wrong. */
const LATE_MS = 50_000;

/** What ends the time for which addresses are kept, with a clock of its own; it dies and comes back without memory. */
export class SimulatedController {
  readonly #parts: ControllerParts;
  readonly #dice: Dice;
  #actor: Actor | undefined;
  #isHealed = false;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#dice = parts.chance.of("controller");
    this.#start();
  }

  /** Its process ends, and another one begins after a while. */
  restart(downMs: number): void {
    const { time, story } = this.#parts;
    if (this.#actor !== undefined) this.#actor.isAlive = false;
    story.tell("the controller is killed");
    this.#actor = undefined;
    time.schedule(new Actor("the controller's node"), downMs, () => this.#start());
  }

  /** Its requests are done in time from now on. */
  heal(): void {
    this.#isHealed = true;
  }

  #start(): void {
    if (this.#actor !== undefined) return;
    const { plan, time, server } = this.#parts;
    const actor = new Actor("the controller", plan.clockRate);
    this.#actor = actor;
    const clock = new ActorClock(time, actor, plan.clockOriginMs);
    const leases = server.leases.as({ kind: "controller" });
    const ender = new KeptLeaseEnder(
      {
        list: () => this.#arrive(actor, () => this.#list()),
        delete: (version) => this.#arrive(actor, () => leases.delete(version), this.#delayMs()),
        poolSeconds: ({ spec }) => Promise.resolve(server.history.keepSecondsNow(spec.pool)),
      },
      clock,
    );
    const look = async (): Promise<void> => {
      await ender.look();
      time.schedule(actor, plan.everyMs, () => void look());
    };
    time.schedule(actor, this.#dice.between(0, plan.everyMs), () => void look());
  }

  #list(): readonly IPLease[] {
    const leases = this.#parts.server.leases.all();
    this.#parts.seen(leases);
    return leases;
  }

  #delayMs(): number {
    return this.#dice.happens(this.#isHealed ? 0 : 0.1) ? this.#dice.between(100, LATE_MS) : this.#dice.between(0, 15);
  }

  /** The server does `effect` after a while, whoever lives by then; its answer comes back at once. */
  #arrive<T>(actor: Actor, effect: () => T | Promise<T>, delayMs = this.#dice.between(0, 15)): Promise<T> {
    const { time, server } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<T>();
    const done = async (): Promise<void> => {
      const value = await effect();
      time.schedule(actor, 0, () => resolve(value));
    };
    time.schedule(server.actor, delayMs, () => void done());
    return promise;
  }
}
