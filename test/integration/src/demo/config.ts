/** What the demo is told by its environment. */
export interface DemoConfig {
  /** Whether everything goes on running after the last part, until Ctrl-C. */
  readonly isKept: boolean;
}

/** Reads KEEP: set to anything but 0, it keeps the demo running. */
export function readDemoConfig(environment: NodeJS.ProcessEnv = process.env): DemoConfig {
  const keep = environment["KEEP"] ?? "";
  return { isKept: keep !== "" && keep !== "0" };
}
