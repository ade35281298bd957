import type { IPLease } from "@cluster-ipam/api";
import { type IpamResult, requireRoom } from "@cluster-ipam/cni";
import { checkRouteFamilies } from "@cluster-ipam/dialects";
import type { Family } from "@cluster-ipam/ip";
import type { PoolSelection } from "../pools/pool-selection.ts";
import { familyOf } from "./serving-leases.ts";

/** The routes and DNS of an answer. */
export type AnswerNetwork = Pick<PoolSelection, "routes" | "dns">;

/** What an ADD is answered with. */
export interface LeasedAnswer extends AnswerNetwork {
  readonly leases: readonly IPLease[];
}

/**
 * Says whatever would make the answer useless, before any address is taken.
 *
 * @param families one for each address
 * @throws IpamError `bad-config`, `incompatible-version`
 */
export function checkAnswer(families: readonly Family[], routes: AnswerNetwork["routes"], cniVersion: string): void {
  checkRouteFamilies(routes, new Set(families));
  requireRoom(cniVersion, families);
}

/** The answer as CNI has it. Prefix lengths and gateways are those of the leases, whatever the pool says by now. */
export function resultOf(leases: readonly IPLease[], { routes, dns }: AnswerNetwork): IpamResult {
  const ips = leases.map((lease) => {
    const { address, prefixLength, gateway } = lease.spec;
    const ip = { address: `${address}/${prefixLength}`, family: familyOf(lease) };
    return gateway === undefined ? ip : { ...ip, gateway };
  });
  return { ips, routes, dns };
}
