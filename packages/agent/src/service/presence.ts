import { utimes, writeFile } from "node:fs/promises";
import type { Clock } from "@cluster-ipam/allocator";
import type { Logger } from "@cluster-ipam/telemetry";

/** How often the file is renewed: a small part of the time for which the plugin minds no absence. */
const RENEW_EVERY_MS = 5_000;

/**
 * Renews the file at `path` until `signal` aborts, and once more then: the plugin reads from its age for how long no
 * agent has been there. Never rejects; a file that cannot be renewed is told to the log once.
 */
export async function keepPresence(
  path: string,
  { clock, log, signal }: { readonly clock: Pick<Clock, "sleep">; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let isToldOf = false;
  const renew = async (): Promise<void> => {
    try {
      await writeFile(path, "", { mode: 0o600, flag: "a" });
      const now = new Date();
      await utimes(path, now, now);
    } catch (err) {
      if (!isToldOf) log.warn({ err, path }, "file that shows the agent's presence cannot be written");
      isToldOf = true;
    }
  };
  while (!signal.aborted) {
    await renew();
    await clock.sleep(RENEW_EVERY_MS, signal);
  }
  await renew();
}
