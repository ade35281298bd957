import { asIPBlock, type SpacedAddress } from "@cluster-ipam/api";
import { type Cidr, cidrContains, parseCidr } from "@cluster-ipam/ip";

/** What the controller remembers of a block. */
export interface BlockFact {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly prefix: Cidr;
  readonly addressSpace: string;
  readonly pool: string;
  readonly node: string;
  /** Deleted, and held back by somebody's finalizer. */
  readonly isEnding: boolean;
  readonly finalizers: readonly string[];
}

/** Of nearly every block. */
const NO_FINALIZERS: readonly string[] = [];

/**
 * Takes an object of the API server's as a block.
 *
 * @throws TypeError for anything that is not one
 */
export function blockFact(object: unknown): BlockFact {
  const { metadata, spec } = asIPBlock(object);
  const prefix = parseCidr(spec.prefix);
  if (prefix === undefined) throw new TypeError("spec.prefix is no prefix");
  const { name, uid = "", resourceVersion = "" } = metadata;
  const { addressSpace, pool, node } = spec;
  return {
    name,
    uid,
    resourceVersion,
    prefix,
    addressSpace,
    pool,
    node,
    isEnding: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? NO_FINALIZERS,
  };
}

/** Whether the address lies in the block. */
export function isInBlock(
  { prefix, addressSpace }: Pick<BlockFact, "prefix" | "addressSpace">,
  { address, addressSpace: space }: SpacedAddress,
): boolean {
  return addressSpace === space && cidrContains(prefix, address);
}
