import type { Command } from "./request.ts";

/** The versions of the CNI specification that cluster-ipam speaks, oldest first. */
export const SUPPORTED_VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

/** One of {@link SUPPORTED_VERSIONS}. */
export type CniVersion = (typeof SUPPORTED_VERSIONS)[number];

/** What a configuration without cniVersion means (libcni, pkg/types/create, DecodeVersion). */
export const UNDECLARED_VERSION: CniVersion = "0.1.0";

/** The newest version, and the form of an answer to a caller whose own version cannot be told or spoken. */
export const NEWEST_VERSION: CniVersion = "1.1.0";

const FIRST_VERSION: Readonly<Record<Command, CniVersion>> = {
  ADD: "0.1.0",
  DEL: "0.1.0",
  CHECK: "0.4.0",
  STATUS: "1.1.0",
  GC: "1.1.0",
};

/** Whether `version` is one that cluster-ipam speaks. */
export function isSupportedVersion(version: string): version is CniVersion {
  return (SUPPORTED_VERSIONS as readonly string[]).includes(version);
}

/** Whether `version` is `minimum` or a later one; false for a version that is not supported. */
export function versionAtLeast(version: string, minimum: CniVersion): boolean {
  return (SUPPORTED_VERSIONS as readonly string[]).indexOf(version) >= SUPPORTED_VERSIONS.indexOf(minimum);
}

/** The versions that know `command`, oldest first. */
export function versionsWith(command: Command): readonly CniVersion[] {
  return SUPPORTED_VERSIONS.filter((version) => versionAtLeast(version, FIRST_VERSION[command]));
}

/** What VERSION prints (CNI spec, "VERSION Success"). */
export function versionResult(): string {
  return JSON.stringify({ cniVersion: NEWEST_VERSION, supportedVersions: SUPPORTED_VERSIONS });
}
