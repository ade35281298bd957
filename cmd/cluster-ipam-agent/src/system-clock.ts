import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@cluster-ipam/allocator";

/** The machine's monotonic clock. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    // Early is a way to end, not an error: see Clock.
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};
