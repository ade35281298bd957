// Builds the container images of the agent and the controller: REGISTRY and TAG name them, BASE is the image below, SOURCE the
// address of the source.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure, runMain } from "../process/failure.ts";
import { interruptSignal } from "../process/interrupt.ts";
import { buildImages } from "./container-images.ts";
import { Docker } from "./docker.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BYTES_PER_MB = 1_000_000;
const REGISTRY_PATTERN = /^$|^[\w.-]+(:\d+)?(\/[a-z\d._-]+)*$/;
const TAG_PATTERN = /^\w[\w.-]{0,127}$/;

interface Settings {
  readonly registry: string;
  readonly tag: string;
  readonly base: string | undefined;
  readonly revision: string;
  readonly source: string | undefined;
}

function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const { REGISTRY = "", TAG = "", BASE = "", REVISION = "unknown", SOURCE = "" } = environment;
  const registry = REGISTRY.replace(/\/$/, "");
  if (!REGISTRY_PATTERN.test(registry)) {
    throw new Failure(`images: REGISTRY=${REGISTRY}: expected a name such as example.org/tools`);
  }
  const tag = TAG === "" ? packageVersion() : TAG;
  if (!TAG_PATTERN.test(tag)) throw new Failure(`images: TAG=${TAG}: expected letters, digits and any of . _ -`);
  return { registry, tag, base: BASE === "" ? undefined : BASE, revision: REVISION, source: readSource(SOURCE) };
}

function readSource(text: string): string | undefined {
  if (text === "") return undefined;
  if (URL.canParse(text)) return text;
  throw new Failure(`images: SOURCE=${text}: expected an address such as https://example.org/cluster-ipam`);
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string }).version;
}

async function build(): Promise<void> {
  const settings = readSettings(process.env);
  const docker = await Docker.connect(ROOT, signal);
  for (const name of await buildImages(ROOT, docker, settings)) {
    const [bytes] = await docker.run("image", "inspect", "--format", "{{.Size}}", name);
    process.stdout.write(`images: ${name}, ${(Number(bytes) / BYTES_PER_MB).toFixed(1)} MB\n`);
  }
}

const signal = interruptSignal();
await runMain(build, signal);
