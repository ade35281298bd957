import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What git keeps: Cargo.lock without the lines that name the registry, which is an address that no file may hold. */
const KEPT = "crates.lock";

/** What Cargo reads; made anew before each of its runs. */
const CARGO_LOCK = "Cargo.lock";

/** How Cargo calls its default registry, in parts. */
const REGISTRY = ["registry", "https://github.com/rust-lang/crates.io-index"].join("+");

/** Leaves out the lines of a Cargo.lock that name the registry. */
export function stripSources(cargoLock: string): string {
  return cargoLock.replaceAll(`source = "${REGISTRY}"\n`, "");
}

/** The Cargo.lock that `kept` was made of: a package with a checksum is one of the registry. */
export function restoreSources(kept: string): string {
  return kept.replaceAll(/^checksum = /gm, `source = "${REGISTRY}"\nchecksum = `);
}

/** Makes the Cargo.lock of the crate in `folder`; untouched where it is there already. */
export function writeCargoLock(folder: string): void {
  const path = join(folder, CARGO_LOCK);
  const text = restoreSources(readFileSync(join(folder, KEPT), "utf8"));
  if (readText(path) !== text) writeFileSync(path, text);
}

/** Keeps the versions that Cargo has chosen. */
export function keepCargoLock(folder: string): void {
  writeFileSync(join(folder, KEPT), stripSources(readFileSync(join(folder, CARGO_LOCK), "utf8")));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
