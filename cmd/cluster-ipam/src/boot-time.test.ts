import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bootTimeNs, suspendedNs } from "./boot-time.ts";

const HOUR_NS = 3_600_000_000_000n;

test.for([
  ["never suspended", "3600.00 100.00\n", HOUR_NS, 0n],
  ["never suspended, uptime read a little early", "3599.99 100.00\n", HOUR_NS, 0n],
  ["suspended for ten minutes", "4200.00 100.00\n", HOUR_NS, 600_000_000_000n],
  ["suspended, clocks read 9 ms apart", "4199.99 100.00\n", HOUR_NS + 1_000_000n, 600_000_000_000n],
  ["less than a second is blur", "3600.99 100.00\n", HOUR_NS, 0n],
  ["a container with an uptime of its own", "12.34 1.00\n", HOUR_NS, 0n],
  ["unreadable", "", HOUR_NS, 0n],
  ["of another form", "3600 100\n", HOUR_NS, 0n],
  ["up for years", "100000000.25 1.00\n", 90_000_000_000_000_000n, 10_000_000_300_000_000n],
] as const)("time of suspension: %s", ([, uptime, monotonicNs, expected]) => {
  expect(suspendedNs(uptime, monotonicNs)).toBe(expected);
});

test("the clock is the uptime of the machine, and goes on", () => {
  const uptimeNs = BigInt(Math.round(Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1e9));
  const first = bootTimeNs();
  const distanceNs = first > uptimeNs ? first - uptimeNs : uptimeNs - first;
  expect(distanceNs).toBeLessThan(1_500_000_000n);
  expect(bootTimeNs()).toBeGreaterThan(first);
});
