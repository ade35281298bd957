import { createHash } from "node:crypto";
import { isAddressSpace, slugOf } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Section } from "./section-keys.ts";
import { badValue, show } from "./section-value.ts";

/** The space of a section, and the key that says so. */
export interface AddressSpaceReading {
  /** "" is the default space. */
  readonly addressSpace: string;
  /** Undefined for the default space. */
  readonly key: string | undefined;
}

/** Longest name of a network that whereabouts could make an object of. */
const NETWORK_NAME_LENGTH = 253;
/** Hexadecimal digits of the hash. */
const HASH_LENGTH = 10;

/**
 * Reads the address space of a section: `addressSpace`, or what whereabouts says it with. `network_name` is a space of
 * that name, and `enable_overlapping_ranges: false` is the network's own.
 *
 * @param network name of the network
 * @throws IpamError `bad-config`, also where two keys name two spaces
 */
export function readAddressSpace(section: Section, network: string): AddressSpaceReading {
  const written = readSpace(section["addressSpace"]);
  const networkName = readNetworkName(section["network_name"]);
  const named = networkName === "" ? "" : spaceNamed(networkName);
  if (written !== "" && named !== "" && written !== named) {
    throw new IpamError(
      "bad-config",
      `ipam.addressSpace is "${written}" and ipam.network_name is ${show(networkName)}: both name the address space, keep one`,
    );
  }
  const sharesSpace = readSharing(section["enable_overlapping_ranges"]);
  if (written !== "") return { addressSpace: written, key: "addressSpace" };
  if (named !== "") return { addressSpace: named, key: "network_name" };
  if (sharesSpace) return { addressSpace: "", key: undefined };
  return { addressSpace: spaceNamed(network), key: "enable_overlapping_ranges" };
}

function readSpace(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string" && isAddressSpace(value)) return value;
  throw badValue("ipam.addressSpace", value, 'expected a DNS label such as "blue" (a-z, 0-9 and "-")');
}

function readNetworkName(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string" && value.length <= NETWORK_NAME_LENGTH) return value;
  throw badValue("ipam.network_name", value, `expected a name of at most ${NETWORK_NAME_LENGTH} characters`);
}

function readSharing(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value === "boolean") return value;
  throw badValue("ipam.enable_overlapping_ranges", value, "expected true or false");
}

/** The name itself where it is a DNS label, else a label made of it; the hash keeps two names apart. */
function spaceNamed(name: string): string {
  if (isAddressSpace(name)) return name;
  const slug = slugOf(name);
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  return slug === "" ? hash : `${slug}-${hash}`;
}
