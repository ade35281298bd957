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

/**
 * Reads MULTUS_BIN: the path of a Multus binary in its thin form, for the scenarios with NetworkAttachmentDefinitions.
 * Empty where there is none.
 */
export function multusBinary(environment: NodeJS.ProcessEnv = process.env): string {
  return environment["MULTUS_BIN"] ?? "";
}
