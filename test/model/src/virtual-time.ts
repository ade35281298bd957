/** Who does something: a process that may die, with a clock of its own. What it had still to do dies with it. */
export class Actor {
  readonly name: string;
  /** Seconds that its clock shows while one second passes. */
  readonly clockRate: number;
  isAlive = true;

  constructor(name: string, clockRate: number = 1) {
    this.name = name;
    this.clockRate = clockRate;
  }
}

/** Something that will be done, unless it is cancelled or its actor dies before. */
export interface Appointment {
  cancel(): void;
}

interface Entry extends Appointment {
  readonly atMs: number;
  readonly order: number;
  readonly actor: Actor;
  readonly task: () => void;
  isCancelled: boolean;
}

/** The real one, whatever becomes of the global. */
const afterMicrotasks = setImmediate;

/**
 * Time that passes only from one appointment to the next. One step is one task and all that follows from it without
 * waiting: everything between two steps is a moment at which a process may be killed.
 */
export class VirtualTime {
  readonly #entries: Entry[] = [];
  #order = 0;
  #nowMs = 0;
  #current: Actor | undefined;

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Whose step runs. */
  get current(): Actor {
    if (this.#current === undefined) throw new Error("nothing runs: timers belong to the step of an actor");
    return this.#current;
  }

  /** `actor` does `task` in `delayMs` of true time. Appointments of one moment keep their order. */
  schedule(actor: Actor, delayMs: number, task: () => void): Appointment {
    this.#order += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const entry: Entry = {
      atMs,
      order: this.#order,
      actor,
      task,
      isCancelled: false,
      cancel: () => {
        entry.isCancelled = true;
      },
    };
    push(this.#entries, entry);
    return entry;
  }

  /** Makes every step that is due until `untilMs`, each followed by `afterStep`; stops early when that says so. */
  async runUntil(untilMs: number, afterStep: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#entries[0];
      if (next === undefined || next.atMs > untilMs) break;
      pop(this.#entries);
      if (next.isCancelled || !next.actor.isAlive) continue;
      this.#nowMs = next.atMs;
      await this.#step(next);
      if (afterStep()) return;
    }
    this.#nowMs = untilMs;
  }

  async #step({ actor, task }: Entry): Promise<void> {
    this.#current = actor;
    task();
    await new Promise((resolve) => {
      afterMicrotasks(resolve);
    });
    this.#current = undefined;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, entry)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const child = earlierChild(heap, at);
    const below = heap[child];
    if (below === undefined || isBefore(last, below)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}

function earlierChild(heap: readonly Entry[], at: number): number {
  const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
  return right !== undefined && left !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
}
