import type { AllocationCall, AllocationRequest } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { type ErrorCode, IpamError } from "@cluster-ipam/errors";
import type { AgentContext } from "../agent-context.ts";
import type { PoolSelection } from "../pools/pool-selection.ts";
import { type AnswerNetwork, checkAnswer, type LeasedAnswer } from "./answer.ts";
import { leasesAskedFor } from "./asked-leases.ts";
import { existingLeases } from "./existing-leases.ts";
import { familyOf } from "./serving-leases.ts";

/** What speaks against pools as they are today, and against nothing that was leased before. */
const OF_POOLS: readonly ErrorCode[] = [
  "no-pool",
  "pool-not-allowed",
  "bad-config",
  "bad-index",
  "address-not-in-range",
];

/** An ADD that today's pools do not serve. */
export interface RefusedAdd {
  /** Why not: the caller gets it, unless the attachment has its leases. */
  readonly refusal: unknown;
  readonly asked: AllocationRequest;
  /** What serves the call, where it has come that far. */
  readonly selection: PoolSelection | undefined;
  readonly cniVersion: string;
}

/**
 * The answer of a repeated ADD whose pools were deleted or edited since: the attachment's own leases, read live, where
 * they are all that its ipam section asks for. Routes and DNS are the section's own, else those of the pools where
 * these can still be read.
 *
 * @throws the refusal, where they are not; what the attachment has is left as it is, or is given back where one of its
 * leases turns out to be lost
 */
export async function answerFromLeases(
  { refusal, asked, selection, cniVersion }: RefusedAdd,
  call: AllocationCall,
  agent: AgentContext,
): Promise<LeasedAnswer> {
  if (!(refusal instanceof IpamError) || !OF_POOLS.includes(refusal.code)) throw refusal;
  const { network, containerID, ifName } = call.claimant;
  const known = agent.attachments.of({ network, containerId: containerID, ifName });
  const wanted = leasesAskedFor(known, asked, network);
  if (wanted === undefined) throw refusal;
  const rest = networkFor(wanted, asked, selection);
  checkAnswer(wanted.map(familyOf), rest.routes, cniVersion);
  const live = await existingLeases(call, agent);
  const leases = leasesAskedFor(live, asked, network);
  if (leases?.length === wanted.length) return { ...rest, leases };
  await Promise.all(live.map((lease) => agent.allocator.leftovers.giveBack(lease, { kind: "held" })));
  throw refusal;
}

function networkFor(
  leases: readonly IPLease[],
  { routes, dns }: AllocationRequest,
  selection: PoolSelection | undefined,
): AnswerNetwork {
  const families = new Set(leases.map(familyOf));
  // A pool's routes may be of a family that it has only had since.
  const usable = (selection?.routes ?? []).filter(({ dst }) => families.has(dst.includes(":") ? 6 : 4));
  return { routes: routes ?? usable, dns: dns ?? selection?.dns };
}
