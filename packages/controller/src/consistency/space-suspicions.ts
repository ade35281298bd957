import type { LeaseFact } from "../leases/lease-fact.ts";
import type { LeaseTable } from "../leases/lease-table.ts";
import type { PoolTable } from "../pools/pool-table.ts";
import type { Finding, Suspicion } from "./finding.ts";
import { ownSubject, podOf, spaceText, whoHas } from "./finding-text.ts";

/** Leases of one pool in one address space. */
interface Share {
  readonly addressSpace: string;
  readonly example: LeaseFact;
  count: number;
}

/** What goes through all leases finds. */
export interface SpaceLook {
  /** Pools whose leases lie in two address spaces: there an address may be given out twice. */
  readonly suspicions: readonly Suspicion[];
  /** Every address space that a lease is in. */
  readonly spaces: ReadonlySet<string>;
}

/** Looks at the address spaces of all leases, half a million in a tenth of a second. */
export function lookAtSpaces(leases: Pick<LeaseTable, "pools" | "ofPool">, pools: Pick<PoolTable, "get">): SpaceLook {
  const spaces = new Set<string>();
  const suspicions: Suspicion[] = [];
  for (const pool of leases.pools()) {
    const shares = sharesOf(leases.ofPool(pool));
    for (const { addressSpace } of shares) spaces.add(addressSpace);
    // Leases of no pool, as static addresses have them, are in whatever space their network has.
    if (pool === "" || shares.length < 2) continue;
    const right = pools.get(pool)?.pool.spec.addressSpace;
    const ofSpaces = shares.map(({ addressSpace }) => addressSpace).toSorted();
    const key = `pool-in-two-spaces ${JSON.stringify([pool, ...ofSpaces])}`;
    suspicions.push({ kind: "pool-in-two-spaces", key, describe: () => poolInTwoSpaces(key, pool, shares, right) });
  }
  return { suspicions, spaces };
}

function sharesOf(leases: Iterable<LeaseFact>): readonly Share[] {
  const shares = new Map<string, Share>();
  for (const lease of leases) {
    const { addressSpace } = lease;
    const share = shares.get(addressSpace);
    if (share === undefined) shares.set(addressSpace, { addressSpace, example: lease, count: 1 });
    else share.count += 1;
  }
  return [...shares.values()];
}

function poolInTwoSpaces(key: string, pool: string, shares: readonly Share[], right: string | undefined): Finding {
  const ascending = shares.toSorted((a, b) => a.count - b.count);
  const [wrong] = ascending.filter(({ addressSpace }) => addressSpace !== right) as [Share, ...Share[]];
  const { name, uid, holder, node } = wrong.example;
  const each = ascending.map(({ addressSpace, count, example }) => {
    return `${count} in ${spaceText(addressSpace)}, such as ${example.name} (${whoHas(example)})`;
  });
  return {
    kind: "pool-in-two-spaces",
    key,
    about: { pool, lease: name, addressSpace: wrong.addressSpace, pod: podOf(holder), node },
    message:
      `leases of pool ${pool} lie in ${shares.length} address spaces (${each.join("; ")}), so that one address may be in ` +
      "use in each: delete the pods of the space that is not the pool's, they get new addresses in the other",
    regarding: ownSubject("IPLease", name, uid),
  };
}
