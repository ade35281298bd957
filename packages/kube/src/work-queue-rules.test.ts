import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock, settled } from "./testing/index.ts";
import { WorkQueue } from "./work-queue.ts";

const INTERVAL_MS = 50;
const LONGEST_PAUSE_MS = 60_000;
const KEYS = ["a", "b", "c", "d"] as const;

type Step =
  | { readonly do: "add"; readonly key: string }
  | { readonly do: "after" | "end" | "fail"; readonly key: string; readonly ms: number }
  | { readonly do: "wait"; readonly ms: number };

const key = fc.constantFrom(...KEYS);
const ms = fc.nat({ max: 120 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add"), key }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("after", "end", "fail"), key, ms }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait"), ms }) },
) as fc.Arbitrary<Step>;

/** The queue's world: what was asked, and what begins and ends when. */
class Story {
  readonly clock = new ManualClock();
  readonly queue: WorkQueue;
  readonly asked = new Map<string, { readonly dueMs: number; readonly order: number }[]>();
  /** Rules that were broken; thrown from within the work they would pass for its failure. */
  readonly broken: string[] = [];
  readonly begun = new Map<string, { readonly atMs: number; readonly order: number }[]>();
  readonly #parallelism: number;
  readonly #ends = new Map<string, (error?: Error) => void>();
  /** Before this time no work on the key may begin. */
  readonly #earliestMs = new Map<string, number>();
  readonly #backOffMs = new Map<string, number>();
  #order = 0;

  constructor(parallelism: number) {
    this.#parallelism = parallelism;
    this.queue = new WorkQueue({
      work: (each) => this.#work(each),
      parallelism,
      minIntervalMs: INTERVAL_MS,
      clock: this.clock,
      random: () => 0.5,
      onWorked: ({ key: each, failure }) => {
        this.#backOffMs.set(each, failure === undefined ? 0 : this.clock.nowMs() + failure.pauseMs);
      },
    });
  }

  async play(each: Step): Promise<void> {
    if (each.do === "wait") await this.clock.advance(each.ms);
    else if (each.do === "end" || each.do === "fail") this.#end(each.key, each.do === "fail");
    else this.#ask(each);
    await settled();
  }

  /** Ends all work with success until there is none. */
  async settle(): Promise<void> {
    for (let round = 0; this.queue.running + this.queue.waiting > 0; round += 1) {
      expect(round).toBeLessThan(200);
      for (const each of KEYS) this.#end(each, false);
      await this.clock.advance(LONGEST_PAUSE_MS);
    }
  }

  #ask(each: Exclude<Step, { readonly do: "wait" }>): void {
    const delayMs = each.do === "after" ? each.ms : 0;
    const request = { dueMs: this.clock.nowMs() + delayMs, order: ++this.#order };
    this.asked.set(each.key, [...(this.asked.get(each.key) ?? []), request]);
    if (each.do === "add") this.queue.add(each.key);
    if (each.do === "after") this.queue.addAfter(each.key, delayMs);
  }

  #end(each: string, isFailure: boolean): void {
    const end = this.#ends.get(each);
    this.#ends.delete(each);
    end?.(isFailure ? new Error("no") : undefined);
  }

  #work(each: string): Promise<void> {
    const atMs = this.clock.nowMs();
    if (this.#ends.has(each)) this.broken.push(`two workers on ${each}`);
    if (this.#ends.size >= this.#parallelism) this.broken.push("too many workers");
    if (atMs < (this.#earliestMs.get(each) ?? 0)) this.broken.push(`${each} within its interval`);
    if (atMs < (this.#backOffMs.get(each) ?? 0)) this.broken.push(`${each} too soon after a failure`);
    this.#earliestMs.set(each, atMs + INTERVAL_MS);
    this.begun.set(each, [...(this.begun.get(each) ?? []), { atMs, order: ++this.#order }]);
    return new Promise((resolve, reject) => {
      this.#ends.set(each, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }
}

describe("a work queue", () => {
  it("never has two workers on a key nor too many in all, keeps interval and pauses, and answers each request", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, parallelism) => {
          const story = new Story(parallelism);
          for (const each of steps) await story.play(each);
          await story.settle();
          expect(story.broken).toEqual([]);
          for (const [each, requests] of story.asked) {
            const last = story.begun.get(each)?.at(-1);
            // Of requests in advance the earliest may stand for the others; each is answered after it was made.
            for (const { order } of requests) expect(last?.order).toBeGreaterThan(order);
            const first = Math.min(...requests.map(({ dueMs }) => dueMs));
            expect(story.begun.get(each)?.[0]?.atMs).toBeGreaterThanOrEqual(first);
          }
          expect([...story.begun.keys()].toSorted()).toEqual([...story.asked.keys()].toSorted());
          await story.queue.close();
          expect(story.clock.sleeping).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
