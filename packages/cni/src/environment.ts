import { IpamError } from "@cluster-ipam/errors";
import { show } from "./json-object.ts";
import type { Command } from "./request.ts";
import { utf8Length } from "./utf8-length.ts";

/** The CNI_* variables of one call, checked by the rules of the specification ("Parameters"). */
export interface CniEnvironment {
  readonly command: Command;
  /** "" where the command needs none. */
  readonly containerId: string;
  readonly ifName: string;
  readonly netns: string;
  /** CNI_ARGS as it came. */
  readonly args: string;
}

const REQUIRED: Readonly<Record<Command, readonly string[]>> = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
  STATUS: [],
  GC: [],
};

const MAX_IF_NAME_BYTES = 15;

/**
 * Decodes the environment. CNI_PATH is never asked for: an IPAM plugin calls no other.
 *
 * @throws {IpamError} bad-environment naming every variable that is missing, or the one that is malformed.
 */
export function decodeEnvironment(env: Readonly<Record<string, string>>): CniEnvironment {
  const command = decodeCommand(env["CNI_COMMAND"] ?? "");
  const required = REQUIRED[command];
  const missing = required.filter((variable) => (env[variable] ?? "") === "");
  if (missing.length > 0) {
    throw new IpamError("bad-environment", `${command} needs ${missing.join(", ")} in the environment: not set`);
  }
  const containerId = env["CNI_CONTAINERID"] ?? "";
  const ifName = env["CNI_IFNAME"] ?? "";
  if (required.includes("CNI_CONTAINERID")) checkContainerId(containerId);
  if (required.includes("CNI_IFNAME")) checkIfName(ifName);
  return { command, containerId, ifName, netns: env["CNI_NETNS"] ?? "", args: env["CNI_ARGS"] ?? "" };
}

function decodeCommand(value: string): Command {
  if (Object.hasOwn(REQUIRED, value)) return value as Command;
  const found = value === "" ? "is not set" : `is ${show(value)}`;
  const commands = [...Object.keys(REQUIRED), "VERSION"].join(", ");
  throw new IpamError("bad-environment", `CNI_COMMAND ${found}: expected one of ${commands}`);
}

function checkContainerId(value: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value)) return;
  const expected = "expected a letter or digit, then letters, digits, _ . or -";
  throw new IpamError("bad-environment", `CNI_CONTAINERID ${show(value)} is malformed: ${expected}`);
}

function checkIfName(value: string): void {
  const isName = value !== "." && value !== ".." && !/[\s\u0085/:]/.test(value);
  if (isName && utf8Length(value) <= MAX_IF_NAME_BYTES) return;
  const expected = `expected at most ${MAX_IF_NAME_BYTES} bytes without / : or white space, not . or ..`;
  throw new IpamError("bad-environment", `CNI_IFNAME ${show(value)} is not an interface name: ${expected}`);
}
