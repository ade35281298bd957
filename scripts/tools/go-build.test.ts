import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { makeTemporaryFolder } from "../test/temporary-folder.ts";
import { buildTool, type GoBuild } from "./go-build.ts";

/** The first build of a machine compiles Go's own packages, too. */
const TIMEOUT_MS = 300_000;

/** A Go module without dependencies, so that it builds without a network. */
function planBuild(source: string, signal = new AbortController().signal): GoBuild & { readonly bin: string } {
  const folder = makeTemporaryFolder();
  const module = join(folder, "hello");
  mkdirSync(module);
  writeFileSync(join(module, "go.mod"), "module example.org/hello\n\ngo 1.21\n");
  writeFileSync(join(module, "main.go"), `package main\n\n${source}\n`);
  const bin = join(folder, "bin");
  return {
    module: { name: "hello", folder: module, hash: "0123456789abcdef", tools: [] },
    tool: { name: "hello", package: "example.org/hello", version: "v0.0.0" },
    target: join(bin, "hello"),
    label: "hello",
    signal,
    bin,
  };
}

function silenceOutput(): void {
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
}

test(
  "a build leaves the program and nothing else",
  async () => {
    silenceOutput();
    const build = planBuild("func main() {}");
    await buildTool(build);
    expect(readdirSync(build.bin)).toEqual(["hello"]);
  },
  TIMEOUT_MS,
);

test(
  "a build that fails leaves nothing, and says what the compiler said",
  async () => {
    silenceOutput();
    const build = planBuild("func main() { undefined() }");
    await expect(buildTool(build)).rejects.toThrow("undefined: undefined");
    expect(readdirSync(build.bin)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a build that is interrupted leaves nothing",
  async () => {
    silenceOutput();
    const stop = new AbortController();
    const build = planBuild("func main() {}", stop.signal);
    const running = buildTool(build);
    stop.abort();
    await expect(running).rejects.toThrow("aborted");
    expect(existsSync(build.target)).toBe(false);
  },
  TIMEOUT_MS,
);
