import { describeRanges, type RangeSet, type UnreadablePool } from "@cluster-ipam/allocator";
import { INLINE_LABEL, type IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { AddressSet } from "@cluster-ipam/ip";
import type { KnownPool } from "../server-facts/known-pool.ts";
import { keptAddresses, poolsNear, wholeSubnets } from "./kept-addresses.ts";
import { refusalOf } from "./pool-admission.ts";
import { hasFromSet, type PoolCall } from "./pool-call.ts";

const WAY_OUT =
  'name an IPPool that an administrator has made: "ipam": {"type": "cluster-ipam", "pool": "…"} (kubectl get ippools)';

/** Whether an agent made the pool from ranges in an ipam section. */
export function isInline({ metadata }: Pick<IPPool, "metadata">): boolean {
  return metadata.labels?.[INLINE_LABEL] === "true";
}

/**
 * Refuses ranges and addresses that come from whoever wrote the ipam section, where this node takes none of those, or
 * where they share an address with a pool that does not serve the call: writing its ranges down must be no way round
 * its selectors. What the attachment has already stays its own.
 *
 * @param sets the section's own; asked for where it matters only
 * @param what they are, for messages
 * @throws IpamError `pool-not-allowed`
 */
export async function refuseOwnRanges(sets: () => readonly RangeSet[], what: string, call: PoolCall): Promise<void> {
  if (call.inlinePools === "deny") refuseDenied(newIn(sets(), call), what);
  const { restricted, hidden } = await call.pools.all(call.signal);
  if (restricted.length + hidden.length === 0) return;
  const asked = newIn(sets(), call);
  const near = poolsNear(restricted, asked);
  const podCidrs = await podCidrsFor(near, call);
  for (const known of near) {
    const shared = sharedWith(asked, known.pool.spec.addressSpace, keptAddresses(known, podCidrs));
    if (shared !== undefined) await refuseShared(shared, known, what, call);
  }
  for (const pool of hidden) refuseHidden(asked, pool, what);
}

function newIn(sets: readonly RangeSet[], call: PoolCall): RangeSet[] {
  return sets.filter((set) => !hasFromSet(call, set));
}

function refuseDenied(sets: readonly RangeSet[], what: string): void {
  if (sets.length === 0) return;
  throw new IpamError("pool-not-allowed", `the agent of this node serves no ${what} (--inline-pools=deny): ${WAY_OUT}`);
}

async function podCidrsFor(pools: readonly KnownPool[], { facts, signal }: PoolCall): Promise<readonly string[]> {
  if (pools.every(({ pool }) => pool.spec.source === undefined)) return [];
  return (await facts.node(signal))?.podCidrs ?? [];
}

async function refuseShared(shared: RangeSet, { pool }: KnownPool, what: string, call: PoolCall): Promise<void> {
  const refusal = await refusalOf(pool, call);
  if (refusal === undefined) return;
  const { name } = pool.metadata;
  throw notAllowed(`${what} (${describeRanges(shared)}) share addresses with pool ${name}, and ${refusal}`);
}

/** Of a pool that another version of the definitions made nobody can tell here whom it serves. */
function refuseHidden(asked: readonly RangeSet[], { metadata, restricted, error }: UnreadablePool, what: string): void {
  if (restricted === undefined) return;
  const { addressSpace, subnets } = restricted;
  const kept = wholeSubnets(subnets);
  const inSpace = asked.find((set) => set.addressSpace === addressSpace);
  const shared = kept.length === 0 ? inSpace : sharedWith(asked, addressSpace, kept);
  if (shared === undefined) return;
  const why = `which serves some nodes or namespaces only and cannot be read (${error.message})`;
  throw notAllowed(`${what} (${describeRanges(shared)}) may share addresses with pool ${metadata.name}, ${why}`);
}

function sharedWith(
  asked: readonly RangeSet[],
  addressSpace: string,
  kept: readonly AddressSet[],
): RangeSet | undefined {
  return asked.find((set) => set.addressSpace === addressSpace && kept.some((other) => other.overlaps(set.addresses)));
}

function notAllowed(text: string): IpamError {
  return new IpamError("pool-not-allowed", `${text}: use other addresses, or ${WAY_OUT}`);
}
