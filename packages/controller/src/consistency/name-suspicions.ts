import type { LeaseTable } from "../leases/lease-table.ts";
import type { Finding, Suspicion } from "./finding.ts";
import { leaseText, type NamedLease, ownSubject, podOf, whoHas } from "./finding-text.ts";
import type { OddLease, OddLeases } from "./odd-leases.ts";

const APPLY = "apply the custom resource definitions of this version, which let no such lease in";

/**
 * Leases whose name is not that of their address, and with them the addresses that have two leases: as long as each
 * bears its own name, there can be no two. The API server sees to that, unless its definitions are older than the rule,
 * or etcd was restored from a time when they were.
 */
export function suspectNames(leases: Pick<LeaseTable, "get">, odd: OddLeases): Suspicion[] {
  const byAddress = new Map<string, OddLease[]>();
  for (const lease of odd.all()) {
    if (lease.properName === lease.name) continue;
    const others = byAddress.get(lease.properName);
    if (others === undefined) byAddress.set(lease.properName, [lease]);
    else others.push(lease);
  }
  return [...byAddress.values()].map((misnamed) => suspicionOf(misnamed, leases, odd));
}

function suspicionOf(misnamed: readonly OddLease[], leases: Pick<LeaseTable, "get">, odd: OddLeases): Suspicion {
  const [first] = misnamed as readonly [OddLease, ...OddLease[]];
  const { properName } = first;
  const namesake = leases.get(properName);
  // What has the name may itself be of another address.
  const isOfAddress = (odd.get(properName)?.properName ?? properName) === properName;
  const all = namesake !== undefined && isOfAddress ? [namesake, ...misnamed] : misnamed;
  const uids = all.map(({ uid }) => uid).toSorted();
  if (all.length === 1) {
    return { kind: "misnamed-lease", key: `misnamed-lease ${first.uid}`, describe: () => misnamedLease(first) };
  }
  const key = `duplicate-address ${uids.join(" ")}`;
  return { kind: "duplicate-address", key, describe: () => duplicateAddress(key, first, all) };
}

function duplicateAddress(key: string, misnamed: OddLease, all: readonly NamedLease[]): Finding {
  const { address, addressSpace, properName, pool, name, node, holder, uid } = misnamed;
  const leases = all.map((lease) => `${leaseText(lease)} (${whoHas(lease)})`).join(" and ");
  return {
    kind: "duplicate-address",
    key,
    about: { address, addressSpace, pool, lease: name, pod: podOf(holder), node },
    message:
      `${address} has ${all.length} leases, ${leases}, and may be in use twice: delete one of their pods, then the ` +
      `lease that is not called ${properName}; ${APPLY}`,
    regarding: ownSubject("IPLease", name, uid),
  };
}

function misnamedLease(lease: OddLease): Finding {
  const { address, addressSpace, properName, pool, name, node, holder, uid } = lease;
  return {
    kind: "misnamed-lease",
    key: `misnamed-lease ${uid}`,
    about: { address, addressSpace, pool, lease: name, pod: podOf(holder), node },
    message:
      `${leaseText(lease)} (${whoHas(lease)}) is of ${address}, whose lease must be called ${properName}: nothing keeps ` +
      `the address from another pod; delete its pod, then the lease; ${APPLY}`,
    regarding: ownSubject("IPLease", name, uid),
  };
}
