import { setTimeout as sleep } from "node:timers/promises";
import type { ElectionClock } from "@cluster-ipam/kube";

/** The machine's monotonic clock. */
export const SYSTEM_CLOCK: ElectionClock = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    // Early is a way to end, not an error: see ElectionClock.
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};
