import { addressBits, type Cidr, hasHostBits } from "@cluster-ipam/ip";
import { leaseName, parseLeaseName } from "./lease-name.ts";

/** A prefix within the space in which it has one owner. */
export interface SpacedPrefix {
  /** Without host bits. */
  readonly prefix: Cidr;
  /** "" is the default space. */
  readonly addressSpace: string;
}

const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Name of the block of a prefix: that of the lease of its network address, "-" and the length. Every prefix of every
 * space has one name of its own, and {@link parseBlockName} reads it back.
 *
 * @param prefix must have no host bits.
 * @param addressSpace must be one by `isAddressSpace`.
 * @example
 * blockName({ family: 4, value: 0x0a000010n, prefixLength: 28 }, "") // "10.0.0.16-28"
 * blockName({ family: 6, value: 0n, prefixLength: 64 }, "blue") // "blue.0000-0000-0000-0000-0000-0000-0000-0000-64"
 */
export function blockName(prefix: Cidr, addressSpace: string): string {
  return `${leaseName(prefix, addressSpace)}-${prefix.prefixLength}`;
}

/** The prefix and space that a block's name stands for; undefined when it is not the name of any block. */
export function parseBlockName(name: string): SpacedPrefix | undefined {
  // From the right: an address space may look like a block.
  const dash = name.lastIndexOf("-");
  const lengthText = name.slice(dash + 1);
  const network = dash < 0 ? undefined : parseLeaseName(name.slice(0, dash));
  if (network === undefined || !PREFIX_LENGTH.test(lengthText)) return undefined;
  const prefix: Cidr = { ...network.address, prefixLength: Number(lengthText) };
  if (prefix.prefixLength > addressBits(prefix.family) || hasHostBits(prefix)) return undefined;
  return { prefix, addressSpace: network.addressSpace };
}
