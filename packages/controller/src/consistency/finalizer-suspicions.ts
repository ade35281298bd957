import { formatCidr } from "@cluster-ipam/ip";
import type { BlockFact } from "../blocks/block-fact.ts";
import type { Finding, Suspicion } from "./finding.ts";
import { leaseText, ownSubject, podOf } from "./finding-text.ts";
import type { OddLease, OddLeases } from "./odd-leases.ts";

/**
 * Leases and blocks that bear finalizers. We set none: whoever did keeps what is deleted, and its addresses with it, for
 * as long as nobody takes the finalizer away. Those that are deleted already come first.
 */
export function suspectFinalizers(odd: OddLeases, blocks: readonly BlockFact[]): Suspicion[] {
  const ofLeases = [...odd.all()].filter(({ finalizers }) => finalizers.length > 0);
  const ofBlocks = blocks.filter(({ finalizers }) => finalizers.length > 0);
  const found = [
    ...ofLeases.map((lease) => ({ isEnding: lease.isEnding, uid: lease.uid, describe: () => ofLease(lease) })),
    ...ofBlocks.map((block) => ({ isEnding: block.isEnding, uid: block.uid, describe: () => ofBlock(block) })),
  ];
  const inOrder = [...found.filter(({ isEnding }) => isEnding), ...found.filter(({ isEnding }) => !isEnding)];
  return inOrder.map((each) => ({ kind: "foreign-finalizer", key: keyOf(each), describe: each.describe }));
}

/** News again once it is deleted: only then is it in somebody's way. */
function keyOf({ uid, isEnding }: Pick<OddLease, "uid" | "isEnding">): string {
  return `foreign-finalizer ${uid}${isEnding ? " ending" : ""}`;
}

function ofLease(lease: OddLease): Finding {
  const { name, uid, address, addressSpace, pool, holder, node } = lease;
  return {
    kind: "foreign-finalizer",
    key: keyOf(lease),
    about: { address, addressSpace, pool, lease: name, pod: podOf(holder), node },
    message: `${leaseText(lease)} ${textOf(lease, `${address} is`)}; ${wayOut("iplease", name)}`,
    regarding: ownSubject("IPLease", name, uid),
  };
}

function ofBlock(block: BlockFact): Finding {
  const { name, uid, prefix, addressSpace, pool, node } = block;
  return {
    kind: "foreign-finalizer",
    key: keyOf(block),
    about: { address: formatCidr(prefix), addressSpace, pool, block: name, node },
    message: `block ${name} of pool ${pool} ${textOf(block, "its addresses are")}; ${wayOut("ipblock", name)}`,
    regarding: ownSubject("IPBlock", name, uid),
  };
}

function textOf({ isEnding, finalizers }: Pick<OddLease, "isEnding" | "finalizers">, what: string): string {
  const who = finalizers.join(", ");
  return isEnding
    ? `is deleted and kept by finalizer ${who}: ${what} given to nobody until it goes`
    : `bears finalizer ${who}: once it is deleted ${what} given to nobody until that goes`;
}

function wayOut(resource: string, name: string): string {
  const patch = `kubectl patch ${resource} ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`;
  return `see to whoever sets it, cluster-ipam sets none, or: ${patch}`;
}
