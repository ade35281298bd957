import { expect, test } from "vitest";
import { BusyNames } from "./busy-names.ts";
import { FakeClock } from "./testing/index.ts";

test("a name is busy while a call is at it, and free when the call has ended", () => {
  const busy = new BusyNames(new FakeClock());
  {
    using hold = busy.open();
    hold.add("10.0.0.5");
    expect([busy.isHeld("10.0.0.5"), busy.isBusy("10.0.0.5"), busy.isBusy("10.0.0.6")]).toEqual([true, true, false]);
    expect([...busy.held()]).toEqual(["10.0.0.5"]);
  }
  expect([busy.isHeld("10.0.0.5"), busy.isBusy("10.0.0.5")]).toEqual([false, false]);
});

test("a name that two calls are at is busy until both have ended, however often each said so", () => {
  const busy = new BusyNames(new FakeClock());
  const [release, add] = [busy.open(), busy.open()];
  for (const hold of [release, add, add]) hold.add("10.0.0.5");
  release[Symbol.dispose]();
  release[Symbol.dispose]();
  expect(busy.isHeld("10.0.0.5")).toBe(true);
  add.remove("10.0.0.5");
  expect(busy.isHeld("10.0.0.5")).toBe(false);
});

test("a name that was taken is left alone for a minute, without any call being at it", async () => {
  const clock = new FakeClock();
  const busy = new BusyNames(clock);
  busy.learnTaken("10.0.0.5");
  await clock.advance(59_999);
  expect([busy.isBusy("10.0.0.5"), busy.isHeld("10.0.0.5")]).toEqual([true, false]);
  await clock.advance(1);
  expect(busy.isBusy("10.0.0.5")).toBe(false);
});

test("a name that is found taken again is left alone for another minute", async () => {
  const clock = new FakeClock();
  const busy = new BusyNames(clock);
  busy.learnTaken("10.0.0.5");
  busy.learnTaken("10.0.0.6");
  await clock.advance(30_000);
  busy.learnTaken("10.0.0.5");
  await clock.advance(30_000);
  busy.learnTaken("10.0.0.7");
  expect(["10.0.0.5", "10.0.0.6", "10.0.0.7"].map((name) => busy.isBusy(name))).toEqual([true, false, true]);
});
