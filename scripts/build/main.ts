// Puts an executable for each program into dist/bin: the plugin's own binary, and a launcher for each bundle in dist/lib.
import { join, resolve } from "node:path";
import { buildNativeBinary } from "../native/native-binary.ts";
import { runMain } from "../process/failure.ts";
import { interruptSignal } from "../process/interrupt.ts";
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
    say(`dist/bin/${binary.name}, ${Math.ceil(bytes / 1_024)} KiB bundled`);
  }
  const bytes = await buildNativeBinary(ROOT, join(dist, "bin/cluster-ipam"), signal);
  say(`dist/bin/cluster-ipam, ${Math.ceil(bytes / 1_024)} KiB`);
}

function say(text: string): void {
  process.stdout.write(`build: ${text}\n`);
}

const signal = interruptSignal();
await runMain(build, signal);
