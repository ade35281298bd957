import type { Logger } from "@cluster-ipam/telemetry";

/** A note of each ignored key of each network's ipam section in the log: once, not with every pod. */
export function ignoredKeysNote(log: Logger): (network: string, keys: readonly string[]) => void {
  const noted = new Set<string>();
  return (network, keys) => {
    for (const key of keys) {
      const entry = `${network}/${key}`;
      if (noted.has(entry)) continue;
      noted.add(entry);
      log.info({ network, key }, "key of the ipam section has no meaning here and is ignored");
    }
  };
}
