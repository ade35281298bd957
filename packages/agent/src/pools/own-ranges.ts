import { describeRanges, type RangeSet, type UnreadablePool } from "@cluster-ipam/allocator";
import { INLINE_LABEL, type IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { AddressSet } from "@cluster-ipam/ip";
import { keptAddresses, wholeSubnets } from "./kept-addresses.ts";
import type { KnownPool } from "./known-pool.ts";
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
  for (const known of restricted) await refuseShared(asked, known, what, call);
  for (const pool of hidden) refuseHidden(asked, pool, what);
}

function newIn(sets: readonly RangeSet[], call: PoolCall): RangeSet[] {
  return sets.filter((set) => !hasFromSet(call, set));
}

function refuseDenied(sets: readonly RangeSet[], what: string): void {
  if (sets.length === 0) return;
  throw new IpamError("pool-not-allowed", `the agent of this node serves no ${what} (--inline-pools=deny): ${WAY_OUT}`);
}

async function refuseShared(asked: readonly RangeSet[], known: KnownPool, what: string, call: PoolCall): Promise<void> {
  const { metadata, spec } = known.pool;
  const inSpace = asked.filter(({ addressSpace }) => addressSpace === spec.addressSpace);
  if (inSpace.length === 0) return;
  const podCidrs = spec.source === undefined ? [] : ((await call.facts.node(call.signal))?.podCidrs ?? []);
  const shared = sharedWith(inSpace, keptAddresses(known, podCidrs));
  if (shared === undefined) return;
  const refusal = await refusalOf(known.pool, call);
  if (refusal === undefined) return;
  throw notAllowed(`${what} (${describeRanges(shared)}) share addresses with pool ${metadata.name}, and ${refusal}`);
}

/** Of a pool that another version of the definitions made nobody can tell here whom it serves. */
function refuseHidden(asked: readonly RangeSet[], { metadata, restricted, error }: UnreadablePool, what: string): void {
  if (restricted === undefined) return;
  const inSpace = asked.filter(({ addressSpace }) => addressSpace === restricted.addressSpace);
  const kept = wholeSubnets(restricted.subnets);
  const shared = kept.length === 0 ? inSpace[0] : sharedWith(inSpace, kept);
  if (shared === undefined) return;
  const why = `which serves some nodes or namespaces only and cannot be read (${error.message})`;
  throw notAllowed(`${what} (${describeRanges(shared)}) may share addresses with pool ${metadata.name}, ${why}`);
}

function sharedWith(sets: readonly RangeSet[], kept: readonly AddressSet[]): RangeSet | undefined {
  return sets.find(({ addresses }) => kept.some((other) => other.overlaps(addresses)));
}

function notAllowed(text: string): IpamError {
  return new IpamError("pool-not-allowed", `${text}: use other addresses, or ${WAY_OUT}`);
}
