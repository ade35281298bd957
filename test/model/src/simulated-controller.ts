import { ControllerProcess, type ControllerProcessParts } from "./controller-process.ts";
import type { WatchWeather } from "./plan.ts";
import { Actor } from "./virtual-time.ts";

/** Nothing is late, nothing ends early. */
const FAIR: WatchWeather = { nodesLagMs: 0, lagMs: 0, cutShare: 0 };

/**
 * The controllers of the cluster. One leads at a time, or two for a moment: a leader that is deposed does not know at
 * once. Each term is a process of its own, without a memory of the ones before it.
 */
export class SimulatedController {
  readonly #parts: ControllerProcessParts;
  readonly #machine = new Actor("the machine of the controllers");
  #leader: ControllerProcess | undefined;
  #terms = 0;
  #isHealed = false;

  constructor(parts: Omit<ControllerProcessParts, "weather">) {
    this.#parts = { ...parts, weather: () => (this.#isHealed ? FAIR : parts.plan.weather) };
    this.#elect();
  }

  /** The leader's process ends, and another one leads after a while. */
  restart(downMs: number): void {
    const { time, story } = this.#parts;
    story.tell("the controller is killed");
    this.#leader?.kill();
    this.#leader = undefined;
    time.schedule(this.#machine, downMs, () => this.#elect());
  }

  /** Another one leads, at once; who led learns of it after a while. */
  depose(knowsMs: number): void {
    if (this.#leader === undefined) return;
    this.#parts.story.tell(
      `${this.#leader.actor.name} is deposed, and learns of it ${(knowsMs / 1_000).toFixed(1)} s later`,
    );
    this.#leader.depose(knowsMs);
    this.#leader = undefined;
    this.#elect();
  }

  /** Its watches tell everything in time from now on. */
  heal(): void {
    this.#isHealed = true;
  }

  #elect(): void {
    if (this.#leader !== undefined) return;
    this.#terms += 1;
    this.#leader = new ControllerProcess(this.#terms, this.#parts);
    if (this.#terms > 1) this.#parts.story.tell(`controller ${this.#terms} leads`);
  }
}
