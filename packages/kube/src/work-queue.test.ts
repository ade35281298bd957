import { describe, expect, it, onTestFinished, vi } from "vitest";
import { SYSTEM_CLOCK } from "./clock.ts";
import { ManualClock, settled } from "./testing/index.ts";
import { WorkQueue, type WorkQueueOptions, type WorkReport } from "./work-queue.ts";

interface Subject {
  readonly queue: WorkQueue;
  readonly clock: ManualClock;
  /** `<ms> <key>` of each work that has begun. */
  readonly begun: string[];
  readonly reports: WorkReport[];
  /** Ends the work under way on a key. */
  readonly end: (key: string, error?: Error) => Promise<void>;
}

/** A queue whose work ends when the test says so; or at once, with `isInstant`. */
function subject(
  options: Partial<Pick<WorkQueueOptions, "parallelism" | "minIntervalMs">> & { readonly isInstant?: boolean } = {},
): Subject {
  const clock = new ManualClock();
  const begun: string[] = [];
  const reports: WorkReport[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const { isInstant = false, parallelism = 10, ...rest } = options;
  const work = (key: string, signal: AbortSignal): Promise<void> => {
    begun.push(`${clock.nowMs()} ${key}`);
    if (isInstant) return Promise.resolve();
    return new Promise((resolve, reject) => {
      ends.set(key, (error) => (error === undefined ? resolve() : reject(error)));
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  };
  const onWorked = (report: WorkReport): void => void reports.push(report);
  const queue = new WorkQueue({ work, parallelism, onWorked, clock, random: () => 0, ...rest });
  onTestFinished(() => queue.close());
  const end = async (key: string, error?: Error): Promise<void> => {
    ends.get(key)?.(error);
    await settled();
  };
  return { queue, clock, begun, reports, end };
}

const FAILURE = new Error("no");
const DAY_MS = 86_400_000;

describe("a work queue", () => {
  it("merges what is asked together, and begins in the order of asking", async () => {
    const { queue, begun } = subject();
    for (const key of ["b", "a", "b", "b", "a"]) queue.add(key);
    await settled();
    expect(begun).toEqual(["0 b", "0 a"]);
    expect(queue).toMatchObject({ running: 2, waiting: 0 });
  });

  it("works on a key again when it was asked to in the midst of it, once and afterwards", async () => {
    const { queue, begun, end } = subject();
    queue.add("a");
    await settled();
    for (let count = 0; count < 3; count += 1) queue.add("a");
    await settled();
    expect(begun).toEqual(["0 a"]);
    expect(queue).toMatchObject({ running: 1, waiting: 1 });
    await end("a");
    expect(begun).toEqual(["0 a", "0 a"]);
    await end("a");
    expect(queue).toMatchObject({ running: 0, waiting: 0 });
  });

  it("works on no more keys at once than it may, and on the others in turn", async () => {
    const { queue, begun, end } = subject({ parallelism: 2 });
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await settled();
    expect(begun).toEqual(["0 a", "0 b"]);
    await end("b");
    expect(begun).toEqual(["0 a", "0 b", "0 c"]);
    await end("c");
    await end("d");
    await end("a");
    expect(queue).toMatchObject({ running: 0, waiting: 0 });
  });

  it("says how long work has waited and taken", async () => {
    const { queue, clock, end, reports } = subject({ parallelism: 1 });
    queue.add("a");
    queue.add("b");
    await clock.advance(30);
    await end("a");
    await clock.advance(5);
    await end("b");
    expect(reports).toEqual([
      { key: "a", waitedMs: 0, durationMs: 30 },
      { key: "b", waitedMs: 30, durationMs: 5 },
    ]);
  });
});

describe("work that was asked for in advance", () => {
  it("begins in time, at the earliest of the times", async () => {
    const { queue, clock, begun } = subject({ isInstant: true });
    queue.addAfter("a", 500);
    queue.addAfter("a", 200);
    queue.addAfter("a", 300);
    await clock.advance(199);
    expect(begun).toEqual([]);
    await clock.advance(1_000);
    expect(begun).toEqual(["200 a"]);
  });

  it("is done beside what was asked for at once", async () => {
    const { queue, clock, begun } = subject({ isInstant: true });
    queue.addAfter("a", 200);
    queue.add("a");
    await clock.advance(1_000);
    expect(begun).toEqual(["0 a", "200 a"]);
  });

  it("is not overtaken by what is due later, and wakes for what is due sooner", async () => {
    const { queue, clock, begun } = subject({ isInstant: true });
    queue.addAfter("late", 500);
    await settled();
    queue.addAfter("soon", 100);
    await clock.advance(1_000);
    expect(begun).toEqual(["100 soon", "500 late"]);
    expect(clock.sleeping).toBe(0);
  });

  it("waits for the end of the work under way", async () => {
    const { queue, clock, begun, end } = subject();
    queue.add("a");
    await settled();
    queue.addAfter("a", 10);
    await clock.advance(50);
    expect(begun).toEqual(["0 a"]);
    await end("a");
    expect(begun).toEqual(["0 a", "50 a"]);
  });
});

describe("the interval of a key", () => {
  it("lies between the beginnings of its works, and holds back no other key", async () => {
    const { queue, clock, begun } = subject({ minIntervalMs: 5_000, isInstant: true });
    queue.add("a");
    await clock.advance(1_000);
    for (let count = 0; count < 8; count += 1) {
      queue.add("a");
      await clock.advance(1_000);
    }
    queue.add("b");
    await clock.advance(10_000);
    expect(begun).toEqual(["0 a", "5000 a", "9000 b", "10000 a"]);
  });

  it("is over for a key that was worked on long ago, of which nothing is kept", async () => {
    const { queue, clock, begun } = subject({ minIntervalMs: 5_000, isInstant: true });
    queue.add("a");
    await clock.advance(5_000);
    expect(clock.sleeping).toBe(0);
    queue.add("a");
    await settled();
    expect(begun).toEqual(["0 a", "5000 a"]);
  });
});

describe("work that fails", () => {
  it("is done again after a pause that doubles, up to a minute, and from the beginning after a success", async () => {
    const { queue, clock, reports, end, begun } = subject();
    queue.add("a");
    for (let count = 0; count < 11; count += 1) {
      await settled();
      await end("a", FAILURE);
      await clock.advance(reports.at(-1)?.failure?.pauseMs ?? 0);
    }
    const pauses = reports.map(({ failure }) => failure?.pauseMs);
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000]);
    expect(reports.at(-1)?.failure).toMatchObject({ error: FAILURE, failures: 11 });
    expect(begun).toHaveLength(12);
    await end("a");
    expect(reports.at(-1)).not.toHaveProperty("failure");
    queue.add("a");
    await settled();
    await end("a", FAILURE);
    expect(reports.at(-1)?.failure).toMatchObject({ failures: 1, pauseMs: 200 });
  });

  it("is not done sooner when it is asked for meanwhile, and holds back no other key", async () => {
    const { queue, clock, begun, end } = subject();
    queue.add("a");
    await settled();
    await end("a", FAILURE);
    queue.add("a");
    queue.addAfter("a", 50);
    queue.add("b");
    await clock.advance(199);
    expect(begun).toEqual(["0 a", "0 b"]);
    await clock.advance(1);
    expect(begun).toEqual(["0 a", "0 b", "200 a"]);
  });

  it("may throw before it returns anything", async () => {
    const reports: WorkReport[] = [];
    const work = (): Promise<void> => {
      throw FAILURE;
    };
    const queue = new WorkQueue({ work, parallelism: 1, clock: new ManualClock(), onWorked: (r) => reports.push(r) });
    onTestFinished(() => queue.close());
    queue.add("a");
    await settled();
    expect(reports[0]?.failure?.error).toBe(FAILURE);
  });
});

describe("a work queue on the machine's time", () => {
  it("looks seldom for a key that is due in months, and begins it in time", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let looks = 0;
    let begun = 0;
    const nowMs = (): number => {
      looks += 1;
      return SYSTEM_CLOCK.nowMs();
    };
    const work = async (): Promise<void> => void (begun += 1);
    const queue = new WorkQueue({ work, parallelism: 1, clock: { ...SYSTEM_CLOCK, nowMs } });
    queue.addAfter("a", 60 * DAY_MS);
    await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1);
    expect(looks).toBeLessThan(10);
    expect(begun).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toBe(1);
    await queue.close();
  });
});

describe("a work queue that ends", () => {
  it("begins nothing more, of what is due nor of what is due later, and reports nothing of what it has cut short", async () => {
    const { queue, clock, begun, reports } = subject({ parallelism: 1 });
    for (const key of ["a", "b"]) queue.add(key);
    queue.addAfter("later", 100);
    await settled();
    queue.add("a");
    await queue.close();
    await clock.advance(60_000);
    expect(begun).toEqual(["0 a"]);
    expect(reports).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  it("forgets what it waits for, so that nothing sleeps any more", async () => {
    const { queue, clock, begun } = subject();
    queue.addAfter("later", 100);
    await settled();
    expect(clock.sleeping).toBe(1);
    await queue.close();
    await clock.advance(1_000);
    expect(begun).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  it("closes: the work under way is told to end, and is waited for", async () => {
    const ended: string[] = [];
    const work = async (key: string, signal: AbortSignal): Promise<void> => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await settled();
      ended.push(key);
    };
    const queue = new WorkQueue({ work, parallelism: 1, clock: new ManualClock() });
    for (const key of ["a", "b"]) queue.add(key);
    await settled();
    await queue.close();
    expect(ended).toEqual(["a"]);
    queue.add("c");
    await settled();
    expect(queue).toMatchObject({ running: 0, waiting: 0 });
  });

  it("closes at once when nothing was ever asked", async () => {
    const { queue } = subject();
    await expect(queue.close()).resolves.toBeUndefined();
  });
});
