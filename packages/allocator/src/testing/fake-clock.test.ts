import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";

describe("FakeClock", () => {
  it("wakes sleepers in the order of their time, each at its own", async () => {
    const clock = new FakeClock();
    const woken: string[] = [];
    const sleepThenNote = async (ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(`${ms} at ${clock.nowMs()}`);
    };
    const sleepers = [sleepThenNote(30), sleepThenNote(10), sleepThenNote(20)];
    await clock.advance(25);
    expect([woken, clock.nowMs(), clock.sleeping]).toEqual([["10 at 10", "20 at 20"], 25, 1]);
    await clock.advance(5);
    await Promise.all(sleepers);
    expect(woken.at(-1)).toBe("30 at 30");
  });

  it("wakes who falls asleep again while time passes", async () => {
    const clock = new FakeClock();
    let rounds = 0;
    const loop = (async () => {
      while (rounds < 3) {
        await clock.sleep(100);
        rounds += 1;
      }
    })();
    await clock.advance(250);
    expect(rounds).toBe(2);
    await clock.advance(50);
    await loop;
  });

  it("wakes a sleeper whose signal aborts, without time passing", async () => {
    const clock = new FakeClock();
    const ended = new AbortController();
    const slept = clock.sleep(1_000, ended.signal);
    ended.abort();
    await slept;
    expect([clock.nowMs(), clock.sleeping]).toEqual([0, 0]);
    await clock.sleep(1_000, ended.signal);
  });

  it("moves by itself when it is automatic", async () => {
    const clock = new FakeClock({ isAutomatic: true });
    const order: number[] = [];
    const sleepThenNote = async (ms: number): Promise<void> => {
      await clock.sleep(ms);
      order.push(ms);
    };
    await Promise.all([sleepThenNote(60_000), sleepThenNote(1_000), sleepThenNote(3_600_000)]);
    expect([order, clock.nowMs()]).toEqual([[1_000, 60_000, 3_600_000], 3_600_000]);
  });
});
