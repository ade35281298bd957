import { IpamError } from "@cluster-ipam/errors";
import { findJsonBreak } from "./json-break.ts";
import { isObject, type JsonObject, lookup, show } from "./json-object.ts";
import {
  isSupportedVersion,
  NEWEST_VERSION,
  SUPPORTED_VERSIONS,
  UNDECLARED_VERSION,
  versionsWith,
} from "./protocol-version.ts";
import type { CniRequest, Command } from "./request.ts";

/** What a CniRequest takes from standard input. */
export type NetworkConfig = Pick<
  CniRequest,
  "cniVersion" | "config" | "ipam" | "requestedIps" | "prevResult" | "validAttachments"
> & {
  readonly network: string;
};

/**
 * Decodes the network configuration of a call.
 *
 * @throws {IpamError} bad-json with the place where the text breaks; incompatible-version with the versions that work;
 *   bad-config naming the key.
 */
export function decodeConfig(stdin: string, command: Command): NetworkConfig {
  const config = parseConfig(stdin);
  return {
    cniVersion: readVersion(config, command),
    network: readNetwork(config),
    config,
    ipam: readSection(config, "ipam") ?? {},
    requestedIps: readRequestedIps(config),
    prevResult: readSection(config, "prevResult"),
    validAttachments: command === "GC" ? readValidAttachments(config) : undefined,
  };
}

/**
 * What can be saved of the configuration of a DEL; never throws. A part that cannot be read is as if absent, and a
 * network whose name cannot be read is "".
 */
export function salvageConfig(stdin: string): NetworkConfig {
  const config = attempt(() => parseConfig(stdin), {});
  const name = lookup(config, "name");
  return {
    cniVersion: answerVersion(stdin),
    network: typeof name === "string" ? name : "",
    config,
    ipam: attempt(() => readSection(config, "ipam"), undefined) ?? {},
    requestedIps: attempt(() => readRequestedIps(config), []),
    prevResult: attempt(() => readSection(config, "prevResult"), undefined),
    validAttachments: undefined,
  };
}

/**
 * The cniVersion of an answer to `stdin`, errors included; never throws. It is the configuration's own version, or the
 * newest one when the configuration cannot be read or declares a version that is not supported.
 */
export function answerVersion(stdin: string): string {
  return attempt(() => {
    const value: unknown = JSON.parse(stdin);
    return isObject(value) ? readVersion(value, "ADD") : NEWEST_VERSION;
  }, NEWEST_VERSION);
}

function attempt<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}

function parseConfig(stdin: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(stdin);
  } catch (cause) {
    throw new IpamError("bad-json", `the network configuration on standard input ${describeBreak(stdin)}`, { cause });
  }
  if (isObject(value)) return value;
  throw new IpamError("bad-json", `the network configuration on standard input is ${show(value)}, not a JSON object`);
}

function describeBreak(stdin: string): string {
  if (stdin.trim() === "") return "is empty";
  const at = findJsonBreak(stdin);
  // Valid JSON that the engine refused all the same: only its depth is limited.
  if (at === -1) return "is nested too deeply";
  const before = stdin.slice(0, at).split("\n");
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  const found =
    at === stdin.length ? "unexpected end" : `unexpected ${show(String.fromCodePoint(stdin.codePointAt(at) ?? 0))}`;
  return `is not JSON: it breaks at ${place}: ${found}`;
}

function readVersion(config: JsonObject, command: Command): string {
  const declared = lookup(config, "cniVersion");
  const version = declared === undefined || declared === "" ? UNDECLARED_VERSION : declared;
  if (typeof version !== "string" || !isSupportedVersion(version)) {
    const versions = SUPPORTED_VERSIONS.join(", ");
    throw new IpamError("incompatible-version", `cniVersion ${show(version)} is not supported: use one of ${versions}`);
  }
  const versions = versionsWith(command);
  if (versions.includes(version)) return version;
  throw new IpamError(
    "incompatible-version",
    `cniVersion ${show(version)} has no ${command}: use one of ${versions.join(", ")}`,
  );
}

function readNetwork(config: JsonObject): string {
  const name = lookup(config, "name");
  if (name === undefined || name === "") {
    throw new IpamError("bad-config", 'the network configuration has no "name": every network needs one');
  }
  if (typeof name === "string" && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return name;
  const expected = "expected a letter or digit, then letters, digits, _ . or -";
  throw new IpamError("bad-config", `"name" ${show(name)} is not a network name: ${expected}`);
}

function readSection(config: JsonObject, key: string): JsonObject | undefined {
  const section = lookup(config, key);
  if (section === undefined || isObject(section)) return section;
  throw new IpamError("bad-config", `"${key}" is ${show(section)}: expected an object`);
}

function readRequestedIps(config: JsonObject): readonly string[] {
  const ips = lookup(readSection(config, "runtimeConfig") ?? {}, "ips") ?? [];
  if (Array.isArray(ips) && ips.every((ip) => typeof ip === "string")) return ips;
  throw new IpamError("bad-config", `"runtimeConfig.ips" is ${show(ips)}: expected a list of addresses as text`);
}

function readValidAttachments(config: JsonObject): CniRequest["validAttachments"] {
  const key = "cni.dev/valid-attachments";
  const list = lookup(config, key);
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw new IpamError("bad-config", `"${key}" is ${show(list)}: expected a list`);
  return list.map((entry: unknown) => {
    const containerID = isObject(entry) ? lookup(entry, "containerID") : undefined;
    const ifname = isObject(entry) ? lookup(entry, "ifname") : undefined;
    if (typeof containerID === "string" && typeof ifname === "string") return { containerID, ifname };
    throw new IpamError("bad-config", `an entry of "${key}" lacks containerID or ifname`);
  });
}
