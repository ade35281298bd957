import { join } from "node:path";
import { runChild } from "../process/child.ts";
import { Failure } from "../process/failure.ts";
import { writeCargoLock } from "./crate-lock.ts";
import { bundlePlugin } from "./plugin-bundle.ts";

/** The triples of the machines that the plugin is built for, by the names that Node.js has for them. */
const TRIPLES: Readonly<Record<string, string>> = {
  arm64: "aarch64-unknown-linux-gnu",
  x64: "x86_64-unknown-linux-gnu",
};

/** One run of Cargo on the plugin's crate. */
export interface CargoRun {
  /** The top of the repository. */
  readonly root: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** What Cargo builds for: the machine that this runs on. */
export function hostTriple(): string {
  const triple = TRIPLES[process.arch];
  if (triple === undefined) throw new Failure(`build: the plugin is not built for ${process.arch} machines`);
  return triple;
}

/** Where Cargo puts what it makes. */
export function targetFolder(root: string): string {
  return join(root, ".cache/native/target");
}

/**
 * Runs Cargo on the plugin's crate, once the bundle that it embeds and its Cargo.lock are there.
 *
 * @returns its exit code.
 */
export async function runCargo({ root, args, signal, onLine }: CargoRun): Promise<number> {
  const folder = join(root, "cmd/cluster-ipam/native");
  const bundle = join(root, ".cache/native/plugin.js");
  await bundlePlugin(root, bundle);
  writeCargoLock(folder);
  const env = [
    "-u",
    "RUSTFLAGS",
    `CARGO_TARGET_DIR=${targetFolder(root)}`,
    "CARGO_TERM_COLOR=never",
    "CARGO_TERM_PROGRESS_WHEN=never",
    // No other thing of the caller's: the file is to be the same whoever builds it.
    "CARGO_ENCODED_RUSTFLAGS=-Ctarget-feature=+crt-static",
    `CLUSTER_IPAM_BUNDLE=${bundle}`,
  ];
  return runChild({ command: "env", args: [...env, "cargo", ...args], cwd: folder, signal, onLine });
}
