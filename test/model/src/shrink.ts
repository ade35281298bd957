import type { Plan } from "./plan.ts";
import { type RunOutcome, runPlan } from "./world.ts";

/** How many runs are spent on making a story shorter. */
const RUN_LIMIT = 600;

/** What a shorter story still has. */
interface Part {
  readonly kind: "operation" | "fault";
  /** Position in the plan, or the fault's key. */
  readonly id: string;
}

/** The shortest story found that breaks the same rule. */
export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: RunOutcome;
}

/**
 * Leaves out operations and faults for as long as the run breaks the same rule: by halves first, then one by one, until
 * every one of them is needed.
 */
export async function shrink(plan: Plan, first: RunOutcome): Promise<Shrunk> {
  const operations = plan.operations.map((_, index): Part => ({ kind: "operation", id: String(index) }));
  const faults = first.faults.map(({ key }): Part => ({ kind: "fault", id: key }));
  const search = new Search(plan, first);
  let parts: readonly Part[] = [...operations, ...faults];
  for (let size = Math.ceil(parts.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let isShorter = true; isShorter; ) {
      const before = parts.length;
      parts = await search.withoutChunks(parts, size);
      isShorter = size === 1 && parts.length < before;
    }
  }
  return search.best;
}

class Search {
  readonly #plan: Plan;
  readonly #first: RunOutcome;
  #runs = 0;
  best: Shrunk;

  constructor(plan: Plan, first: RunOutcome) {
    this.#plan = plan;
    this.#first = first;
    this.best = { plan, outcome: first };
  }

  /** `parts` less each chunk of that size that the story can do without. */
  async withoutChunks(parts: readonly Part[], size: number): Promise<readonly Part[]> {
    let kept = parts;
    for (let from = Math.max(0, kept.length - size); ; from = Math.max(0, from - size)) {
      const without = kept.filter((_, index) => index < from || index >= from + size);
      if (without.length < kept.length && (await this.#breaksWith(without))) kept = without;
      if (from === 0) return kept;
    }
  }

  async #breaksWith(parts: readonly Part[]): Promise<boolean> {
    if (this.#runs >= RUN_LIMIT) return false;
    this.#runs += 1;
    const has = new Set(parts.map(({ kind, id }) => `${kind} ${id}`));
    const operations = this.#plan.operations.filter((_, index) => has.has(`operation ${index}`));
    const plan = { ...this.#plan, operations };
    const outcome = await runPlan(plan, (key) => has.has(`fault ${key}`));
    if (outcome.violation?.rule !== this.#first.violation?.rule) return false;
    this.best = { plan, outcome };
    return true;
  }
}
