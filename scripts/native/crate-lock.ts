import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceText } from "./text-file.ts";

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
  replaceText(join(folder, CARGO_LOCK), restoreSources(readFileSync(join(folder, KEPT), "utf8")));
}

/** Keeps the versions that Cargo has chosen. */
export function keepCargoLock(folder: string): void {
  replaceText(join(folder, KEPT), stripSources(readFileSync(join(folder, CARGO_LOCK), "utf8")));
}
