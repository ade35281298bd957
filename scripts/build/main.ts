// Bundles each binary into dist/lib and puts an executable for it into dist/bin.
import { join, resolve } from "node:path";
import { runMain } from "../process/failure.ts";
import { BINARIES } from "./binaries.ts";
import { bundleBinary } from "./bundle.ts";
import { writeLauncher, writeRuntime } from "./launcher.ts";

const ROOT = resolve(import.meta.dirname, "../..");

async function build(): Promise<void> {
  const dist = join(ROOT, "dist");
  writeRuntime(dist, process.execPath);
  for (const binary of BINARIES) {
    const bytes = await bundleBinary(ROOT, binary);
    writeLauncher(dist, binary);
    process.stdout.write(`build: dist/bin/${binary.name}, ${Math.ceil(bytes / 1_024)} KiB bundled\n`);
  }
}

await runMain(build);
