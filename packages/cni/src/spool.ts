import { IpamError } from "@cluster-ipam/errors";
import { decodeEnvironment } from "./environment.ts";
import { isObject, show } from "./json-object.ts";
import type { Attachment } from "./request.ts";

/** Where the plugin leaves releases that no agent took, unless somebody says otherwise; `spool` in the agent's state. */
export const DEFAULT_SPOOL_FOLDER = "/var/lib/cluster-ipam/spool";

/** What a DEL asks for, as it lies in the spool: everything that its attachment has from ADDs that began before it. */
export interface SpooledRelease {
  /** Network "" stands for every network of the interface. */
  readonly attachment: Attachment;
  /** See WireRequest.startedAt. */
  readonly startedAtNs: bigint;
  /** The boot that `startedAtNs` counts from; "" where the plugin could not tell. */
  readonly bootId: string;
}

/** What a file of the spool holds, or why it is no release. */
export type SpoolReading =
  | { readonly kind: "release"; readonly release: SpooledRelease }
  | { readonly kind: "bad"; readonly reason: string };

const FORMAT_VERSION = 1;
/** Digits of the largest time that a WireRequest can carry. */
const TIME_DIGITS = 20;
const FILE_NAME = /^\d{20}-[0-9a-f]{16}\.json$/;

/** The text of the file that holds `release`. Cut anywhere, it is no JSON object any more. */
export function encodeSpooledRelease({ attachment, startedAtNs, bootId }: SpooledRelease): string {
  const { network, containerId: containerID, ifName } = attachment;
  const startedAt = startedAtNs.toString();
  return `${JSON.stringify({ version: FORMAT_VERSION, network, containerID, ifName, startedAt, bootID: bootId })}\n`;
}

/** Reads the text of a file of the spool; keys that it does not know are nobody's mistake. Never throws. */
export function decodeSpooledRelease(text: string): SpoolReading {
  const value = parse(text);
  if (!isObject(value)) return bad("it is not a JSON object");
  const { version, network, startedAt, bootID } = value;
  if (version !== FORMAT_VERSION) return bad(`its version is ${show(version)}: expected ${FORMAT_VERSION}`);
  if (typeof network !== "string") return bad(`its network is ${show(network)}: expected text`);
  if (typeof bootID !== "string") return bad(`its bootID is ${show(bootID)}: expected text`);
  if (typeof startedAt !== "string" || !/^\d{1,20}$/.test(startedAt)) {
    return bad(`its startedAt is ${show(startedAt)}: expected nanoseconds in digits`);
  }
  const named = readInterface(value["containerID"], value["ifName"]);
  if (typeof named === "string") return bad(named);
  const attachment = { network, ...named };
  return { kind: "release", release: { attachment, startedAtNs: BigInt(startedAt), bootId: bootID } };
}

/**
 * Name of the file that holds `release`: sorts by the start, is the same for the same release and no other, and
 * contains nothing of what came in but digits.
 */
export function spoolFileName({ attachment, startedAtNs, bootId }: SpooledRelease): string {
  const { network, containerId, ifName } = attachment;
  const identity = JSON.stringify([network, containerId, ifName, bootId]);
  return `${startedAtNs.toString().padStart(TIME_DIGITS, "0")}-${hash(identity)}.json`;
}

/** Whether `name` is one that {@link spoolFileName} makes. */
export function isSpoolFileName(name: string): boolean {
  return FILE_NAME.test(name);
}

/** Whether `name` is that of a file on its way to its final name: see `writeFile` of the plugin's host. */
export function isSpoolDraftName(name: string): boolean {
  return name.endsWith(".tmp");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bad(reason: string): SpoolReading {
  return { kind: "bad", reason };
}

/** The interface by the rules for a DEL's environment, or what is wrong with it. */
function readInterface(containerId: unknown, ifName: unknown): Omit<Attachment, "network"> | string {
  const variables = { CNI_CONTAINERID: textOf(containerId), CNI_IFNAME: textOf(ifName) };
  try {
    const read = decodeEnvironment({ CNI_COMMAND: "DEL", ...variables });
    return { containerId: read.containerId, ifName: read.ifName };
  } catch (error) {
    return `it names no attachment: ${IpamError.from(error).message}`;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** 64-bit FNV-1a over the UTF-16 units of `text`, in hexadecimal: QuickJS has no other hash. */
function hash(text: string): string {
  let state = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) {
    state = BigInt.asUintN(64, (state ^ BigInt(text.charCodeAt(at))) * FNV_PRIME);
  }
  return state.toString(16).padStart(16, "0");
}
