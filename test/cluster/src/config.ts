/**
 * Tells testcontainers to do without its reaper, a container of an image that would be downloaded: what a killed run left
 * is removed by the next one (engine.ts).
 */
export function forgoReaper(environment: NodeJS.ProcessEnv = process.env): void {
  environment["TESTCONTAINERS_RYUK_DISABLED"] = "true";
}
