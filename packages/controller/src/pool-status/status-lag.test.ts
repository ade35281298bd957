import { expect, test } from "vitest";
import { StatusLag } from "./status-lag.ts";

test("the first change that a status shows counts", () => {
  const lag = new StatusLag();
  lag.changed("lab", 1_000);
  lag.changed("lab", 2_000);
  lag.looked("lab");
  expect(lag.written("lab", 6_500)).toBe(5_500);
  expect(lag.written("lab", 9_000)).toBeUndefined();
});

test("a status that waits for its turn is late from its first change on, whatever comes after", () => {
  const lag = new StatusLag();
  lag.changed("lab", 1_000);
  lag.looked("lab");
  lag.changed("lab", 3_000);
  lag.looked("lab");
  expect(lag.written("lab", 6_000)).toBe(5_000);
});

test("a change in the midst of a write is for the next one", () => {
  const lag = new StatusLag();
  lag.changed("lab", 1_000);
  lag.looked("lab");
  lag.changed("lab", 1_500);
  expect(lag.written("lab", 2_000)).toBe(1_000);
  lag.looked("lab");
  expect(lag.written("lab", 6_500)).toBe(5_000);
});

test("a change that the status says already is late for nothing, and pools are apart", () => {
  const lag = new StatusLag();
  for (const pool of ["lab", "lan"]) {
    lag.changed(pool, 1_000);
    lag.looked(pool);
  }
  lag.settled("lab");
  expect(lag.written("lab", 2_000)).toBeUndefined();
  expect(lag.written("lan", 2_000)).toBe(1_000);
});
