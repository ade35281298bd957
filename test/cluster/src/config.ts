/**
 * Tells testcontainers to do without its reaper, a container of an image that would be downloaded: what a killed run left
 * is removed by the next one (engine.ts).
 */
export function forgoReaper(environment: NodeJS.ProcessEnv = process.env): void {
  environment["TESTCONTAINERS_RYUK_DISABLED"] = "true";
}

/** Reads KEEP: set to anything but 0, it keeps `make cluster` running. */
export function isKept(environment: NodeJS.ProcessEnv = process.env): boolean {
  const keep = environment["KEEP"] ?? "";
  return keep !== "" && keep !== "0";
}
