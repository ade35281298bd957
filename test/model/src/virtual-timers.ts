import type { Clock } from "@cluster-ipam/allocator";
import type { Actor, VirtualTime } from "./virtual-time.ts";

/** One for all: to make one costs more than all the rest of a timer. */
const TIMED_OUT = new DOMException("the operation timed out", "TimeoutError");
/** As short as a machine's clock can tell. */
const TICK_MS = 1e-6;

/**
 * Puts virtual time in the place of the machine's for setTimeout, clearTimeout and AbortSignal.timeout: the shipped
 * modules bound their calls with these. A timer belongs to the actor whose step set it, and dies with it.
 *
 * @returns puts the machine's own back
 */
export function installVirtualTimers(time: VirtualTime): () => void {
  const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
  const real = Object.getOwnPropertyDescriptor(AbortSignal, "timeout") ?? {};
  const timers = new WeakMap<object, () => void>();
  const set = (task: (...args: readonly unknown[]) => void, ms = 0, ...args: readonly unknown[]): object => {
    const { current } = time;
    const appointment = time.schedule(current, ms / current.clockRate, () => task(...args));
    const timer = { unref: () => timer, ref: () => timer, hasRef: () => true };
    timers.set(timer, () => appointment.cancel());
    return timer;
  };
  const clear = (timer: object | undefined): void => {
    if (timer !== undefined) timers.get(timer)?.();
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    set(() => controller.abort(TIMED_OUT), ms);
    return controller.signal;
  };
  return () => {
    Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout });
    Object.defineProperty(AbortSignal, "timeout", real);
  };
}

/** The monotonic clock of one process: fast or slow, with an origin of its own, and never the same moment twice. */
export class ActorClock implements Clock {
  readonly #time: VirtualTime;
  readonly #actor: Actor;
  readonly #originMs: number;
  #ticks = 0;

  constructor(time: VirtualTime, actor: Actor, originMs: number) {
    this.#time = time;
    this.#actor = actor;
    this.#originMs = originMs;
  }

  nowMs(): number {
    this.#ticks += 1;
    return this.#originMs + this.#time.nowMs * this.#actor.clockRate + this.#ticks * TICK_MS;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wake);
        appointment.cancel();
        resolve();
      };
      const appointment = this.#time.schedule(this.#actor, ms / this.#actor.clockRate, wake);
      signal?.addEventListener("abort", wake);
    });
  }
}
