import type { NamedAddress } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import { type Address, type Cidr, formatAddress, formatCidr } from "@cluster-ipam/ip";
import type { IndexBase, IndexKey } from "./index-key.ts";
import { parseEpoxyAddresses } from "./kernel-command-line.ts";
import type { Dns } from "./resolv-conf.ts";
import type { Routes } from "./routes.ts";
import type { KnownKeys } from "./section-keys.ts";

/** What the rules go by beside `ipam.index`. */
export interface Index2ipInput {
  /** Undefined for a call without a pod. */
  readonly podName: string | undefined;
  /** What the first group of a pattern finds in a text, in bounded time. */
  readonly firstGroup: (pattern: string, text: string) => string | undefined;
  readonly readKernelCommandLine: () => string;
  readonly nodeAddresses: () => readonly Cidr[];
}

/** The pod's addresses, and what comes with them from the node's kernel command line. */
export interface Index2ipReading {
  readonly named: readonly NamedAddress[];
  /** Undefined where the command line says nothing of them, or was not asked. */
  readonly routes: Routes | undefined;
  readonly dns: Dns | undefined;
}

interface Base {
  readonly addresses: readonly { readonly cidr: Cidr; readonly gateway: Address | undefined }[];
  readonly routes: Routes | undefined;
  readonly dns: Dns | undefined;
}

/** Keys of index2ip at the top level of a section. */
export const INDEX2IP_KEYS: KnownKeys = { used: ["index"], ignored: [] };

const KEY = "ipam.index";
const DEFAULT_PATTERN = "index([0-9]+)";
const LAST_OCTET = 0xffn;
const LAST_GROUP = 0xffffn;
/** index2ip reads the sum as a signed number of 16 bits, written in base 16: 7999 is the last one in digits alone. */
const MAX_LAST_GROUP = 7999n;

/**
 * The addresses of a pod by the rules of m-lab's index2ip: the node's own address plus the pod's number, in the last
 * octet of IPv4, and in the last group of IPv6 as printed, so that both read alike (1.0.0.9 and 1f::9 with number 12
 * are 1.0.0.21 and 1f::21).
 *
 * @throws IpamError `bad-index` when the pod has no number, or it is past the octet or group; `bad-config`
 */
export function readIndex2ip(index: IndexKey, input: Index2ipInput): Index2ipReading {
  const { addresses, routes, dns } = readBase(index.kind === "rule" ? index.base : undefined, input);
  const number = index.kind === "number" ? index.number : numberOf(index.pattern ?? DEFAULT_PATTERN, input);
  const named = addresses.map(({ cidr, gateway }) => {
    const sum = cidr.family === 4 ? addToOctet(cidr, number) : addToGroup(cidr, number, sourceOf(index));
    if (gateway?.value === sum.value) {
      throw badIndex(number, cidr, `makes ${formatAddress(sum)}, which is the gateway: use another number`);
    }
    return { cidr: sum, gateway, source: KEY };
  });
  return { named, routes, dns };
}

function readBase(base: IndexBase | undefined, input: Index2ipInput): Base {
  if (base === undefined || base === "cmdline") return readCommandLine(input.readKernelCommandLine);
  const cidrs = base === "node" ? input.nodeAddresses() : [base];
  if (cidrs.length > 0) {
    return { addresses: cidrs.map((cidr) => ({ cidr, gateway: undefined })), routes: undefined, dns: undefined };
  }
  throw new IpamError(
    "bad-config",
    `${KEY}.base is "node", and the agent knows no address of its node: start the agent with --node-ip`,
  );
}

function readCommandLine(read: () => string): Base {
  const addresses = parseEpoxyAddresses(readText(read));
  const routes = addresses.map(({ cidr, gateway }) => ({
    dst: cidr.family === 4 ? "0.0.0.0/0" : "::/0",
    gw: formatAddress(gateway),
  }));
  return { addresses, routes, dns: { nameservers: addresses.flatMap(({ nameservers }) => nameservers) } };
}

function readText(read: () => string): string {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new IpamError("bad-config", `${KEY}: the node's kernel command line cannot be read (${reason})`, { cause });
  }
}

function numberOf(pattern: string, { podName, firstGroup }: Index2ipInput): bigint {
  if (podName === undefined) {
    throw new IpamError(
      "bad-index",
      `${KEY} has no number, and CNI_ARGS holds no K8S_POD_NAME to find "${pattern}" in`,
    );
  }
  const digits = firstGroup(pattern, podName);
  if (digits !== undefined && /^[0-9]+$/.test(digits)) return BigInt(digits);
  throw new IpamError(
    "bad-index",
    `the name of pod ${podName} holds no index: expected one that matches ${pattern}, or a number in ${KEY}`,
  );
}

function addToOctet(cidr: Cidr, number: bigint): Cidr {
  const room = LAST_OCTET - (cidr.value & LAST_OCTET);
  if (number >= 1n && number <= room) return { ...cidr, value: cidr.value + number };
  throw outOfRoom(number, cidr, room);
}

/** Digits of base 16 that are added as if they were of base 10. */
function addToGroup(cidr: Cidr, number: bigint, source: string): Cidr {
  const printed = (cidr.value & LAST_GROUP).toString(16);
  if (!/^[0-9]+$/.test(printed)) {
    const expected = "expected a last group without letters, which is counted in base 10";
    throw new IpamError("bad-config", `${source} has the address ${formatCidr(cidr)}: ${expected}`);
  }
  const room = MAX_LAST_GROUP - BigInt(printed);
  if (number < 1n || number > room) throw outOfRoom(number, cidr, room);
  const group = BigInt(`0x${BigInt(printed) + number}`);
  return { ...cidr, value: cidr.value - (cidr.value & LAST_GROUP) + group };
}

/** Where the address stands that the number is added to. */
function sourceOf(index: IndexKey): string {
  const base = index.kind === "rule" ? index.base : undefined;
  if (base === undefined || base === "cmdline") return "epoxy.ipv6 of the node's kernel command line";
  return base === "node" ? "--node-ip of the agent" : `${KEY}.base`;
}

function outOfRoom(number: bigint, cidr: Cidr, room: bigint): IpamError {
  const range = room < 1n ? "it leaves no room for any" : `expected 1 to ${room}`;
  return badIndex(number, cidr, `is past the range: ${range}`);
}

function badIndex(number: bigint, cidr: Cidr, what: string): IpamError {
  return new IpamError("bad-index", `index ${shorten(number)} on ${formatCidr(cidr)} ${what}`);
}

/** A pod's name can hold a number of 250 digits. */
function shorten(number: bigint): string {
  const text = String(number);
  return text.length <= 20 ? text : `${text.slice(0, 17)}…`;
}
