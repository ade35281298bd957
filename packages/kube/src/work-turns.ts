import { DueHeap } from "./due-heap.ts";
import type { WorkState } from "./work-state.ts";

/** When a key is to be looked at. */
interface Turn {
  readonly dueMs: number;
  readonly key: string;
}

/**
 * The keys of a work queue in the order in which they are due. A key has one turn that holds; those that it had before
 * are void, and remain for a while: a heap gives nothing up from its midst.
 */
export class WorkTurns {
  readonly #states: ReadonlyMap<string, WorkState>;
  readonly #heap: DueHeap<Turn> = new DueHeap<Turn>();

  /** @param states of all keys; `turnMs` of each is the turn that holds */
  constructor(states: ReadonlyMap<string, WorkState>) {
    this.#states = states;
  }

  /** How many turns there are, void ones among them: at most twice as many as keys, whenever one has been given. */
  get size(): number {
    return this.#heap.size;
  }

  /** Gives a key the turn that its state says, instead of the one that it has. @returns whether it is another one */
  give(key: string, state: WorkState): boolean {
    const { dueMs } = state;
    if (state.turnMs === dueMs) return false;
    state.turnMs = dueMs;
    this.#heap.push({ key, dueMs });
    if (this.#heap.size > 2 * this.#states.size) this.#dropVoid();
    return true;
  }

  /** The first turn that holds. */
  next(): Turn | undefined {
    for (let turn = this.#heap.peek(); turn !== undefined; turn = this.#heap.peek()) {
      if (this.#holds(turn)) return turn;
      this.#heap.pop();
    }
    return undefined;
  }

  /** Takes out the turn that {@link next} gave. */
  take(): void {
    this.#heap.pop();
  }

  clear(): void {
    this.#heap.clear();
  }

  /** A key that is asked for again and again, though it is due much later, has that later turn after each work anew. */
  #dropVoid(): void {
    const kept = new Set<string>();
    this.#heap.retain((turn) => {
      if (kept.has(turn.key) || !this.#holds(turn)) return false;
      kept.add(turn.key);
      return true;
    });
  }

  #holds({ key, dueMs }: Turn): boolean {
    return this.#states.get(key)?.turnMs === dueMs;
  }
}
