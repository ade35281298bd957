// Fails every test that writes to the console: the plugin's standard output is the CNI protocol, and the agent logs
// through the logger that it is given.
import { afterEach, beforeEach } from "vitest";

const METHODS = ["debug", "error", "info", "log", "trace", "warn"] as const;

const calls: string[] = [];

for (const method of METHODS) {
  globalThis.console[method] = (...args: readonly unknown[]): void => {
    calls.push(`console.${method}(${args.map(String).join(", ")})`);
  };
}

beforeEach(() => {
  calls.length = 0;
});

afterEach(() => {
  const found = calls.splice(0);
  if (found.length > 0) throw new Error(`no test may write to the console: ${found.join("; ")}`);
});
