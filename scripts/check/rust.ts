import { hostTriple, runCargo } from "../native/cargo.ts";

/**
 * Formats, lints and unit-tests of the plugin's native host, one after the other since Cargo does one thing at a time.
 * Returns what is wrong.
 */
export async function checkRust(root: string, signal: AbortSignal): Promise<readonly string[]> {
  // The build's own profile, so that QuickJS is compiled once.
  const build = ["--release", "--locked", "--target", hostTriple()];
  const runs = [
    ["fmt", "--check"],
    ["clippy", ...build, "--all-targets", "--", "--deny", "warnings"],
    ["test", ...build],
  ];
  for (const args of runs) {
    const output: string[] = [];
    const exitCode = await runCargo({ root, args, signal, onLine: (line) => output.push(line) });
    if (exitCode !== 0) return [...output, `cargo ${args[0]} ended with status ${exitCode}`];
  }
  return [];
}
