import { asIPLease } from "@cluster-ipam/api";
import type { OddLeases } from "../consistency/odd-leases.ts";
import { type LeaseFact, leaseFact } from "./lease-fact.ts";
import type { SharedTexts } from "./shared-texts.ts";

/** What leases are read with, all of them. */
export interface LeaseReading {
  readonly texts: SharedTexts;
  readonly odd: OddLeases;
}

/**
 * What is remembered of a lease as the server has it.
 *
 * @throws Error where it cannot be read
 */
export function readLease(object: unknown, { texts, odd }: LeaseReading): LeaseFact {
  const lease = asIPLease(object);
  const fact = leaseFact(lease);
  if (fact === undefined) throw new TypeError("spec.address is no address");
  odd.look(lease, fact.address);
  return { ...fact, pool: texts.of(fact.pool), node: texts.of(fact.node) };
}
