import { readRange } from "@cluster-ipam/allocator";
import type { IPPoolSpec, PoolRange, Strategy } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { addressBits, formatCidr } from "@cluster-ipam/ip";
import type { Section } from "./section-keys.ts";
import { badValue } from "./section-value.ts";

/** The key of whereabouts that gives each node a part of the range. */
export const NODE_SLICE_SIZE = "node_slice_size";

const KEY = `ipam.${NODE_SLICE_SIZE}`;
const SLICE = /^\/?([1-9]\d{0,2})$/;

/**
 * Reads `node_slice_size`, `/26` or `26`: the prefix length of the blocks that nodes claim of the ranges; undefined where
 * it is absent or "".
 *
 * @throws IpamError `bad-config` where a range cannot be cut into such blocks
 */
export function readNodeBlocks(
  section: Section,
  sets: readonly (readonly PoolRange[])[],
  strategy: Strategy,
): IPPoolSpec["nodeBlocks"] {
  const value = section[NODE_SLICE_SIZE];
  if (value === undefined || value === "") return undefined;
  const prefixLength = Number(typeof value === "string" ? SLICE.exec(value)?.[1] : undefined);
  if (Number.isNaN(prefixLength)) throw badValue(KEY, value, 'expected a prefix length such as "/26"');
  for (const range of sets.flat()) refuseUnfit(value, prefixLength, range);
  if (strategy !== "Index") return { prefixLength };
  throw new IpamError(
    "bad-config",
    `${KEY} and strategy Index choose addresses in two ways, Index counts from one start on every node: keep one`,
  );
}

/** One length for ranges of both families fits hardly ever: the range says so by itself. */
function refuseUnfit(value: unknown, prefixLength: number, range: PoolRange): void {
  const { cidr } = readRange(range, "ipam");
  const [least, most] = [cidr.prefixLength, addressBits(cidr.family)];
  if (prefixLength >= least && prefixLength <= most) return;
  throw badValue(KEY, value, `expected a prefix length from /${least} to /${most}, to cut ${formatCidr(cidr)} into`);
}
