import { readFileSync } from "node:fs";
import type { BootTime } from "@cluster-ipam/plugin";

const NS_PER_SECOND = 1_000_000_000n;

/** The time now; see {@link bootTimeNs} for how exact it is. */
export function bootTime(): BootTime {
  const ns = bootTimeNs();
  return { ns, bootId: readText("/proc/sys/kernel/random/boot_id").trim(), epochMs: Date.now() };
}

/**
 * CLOCK_BOOTTIME in nanoseconds, as near as Node comes to it: its own clock, CLOCK_MONOTONIC, which stands still while
 * the machine is suspended, and the time of suspension added. Calls that are less than 100 ms apart may change places
 * on a machine that has been suspended; on one that never was, the clock is exact.
 */
export function bootTimeNs(): bigint {
  const monotonicNs = process.hrtime.bigint();
  return monotonicNs + suspendedNs(readText("/proc/uptime"), monotonicNs);
}

/**
 * How long the machine has been suspended, in nanoseconds, rounded to tenths of a second so that two processes find the
 * same.
 *
 * @param uptime /proc/uptime: CLOCK_BOOTTIME in seconds with two decimals, or "" where it cannot be read.
 */
export function suspendedNs(uptime: string, monotonicNs: bigint): bigint {
  const [, seconds, hundredths] = /^(\d+)\.(\d\d)\s/.exec(uptime) ?? [];
  if (seconds === undefined || hundredths === undefined) return 0n;
  const tenth = NS_PER_SECOND / 10n;
  const uptimeNs = BigInt(seconds + hundredths) * (NS_PER_SECOND / 100n);
  const rounded = ((uptimeNs - monotonicNs + tenth / 2n) / tenth) * tenth;
  // Less than a second is the reading's own blur. Less than nothing is an uptime of a container's own.
  return rounded > NS_PER_SECOND ? rounded : 0n;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
