import { type AllocationCall, allocate, type Claim, type Claimant } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { type CniRequest, type IpamResult, isObject, requireRoom } from "@cluster-ipam/cni";
import { checkRouteFamilies, readIpamSection, type SectionReading } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import { parseAddress } from "@cluster-ipam/ip";
import type { AgentContext } from "../agent-context.ts";
import { claimsFor } from "../claims.ts";
import { type PoolSelection, selectPools } from "../pool-selection.ts";
import { settleInterface } from "../settle-pending.ts";
import { existingLeases } from "./existing-leases.ts";

/**
 * ADD: one address for each range set that the configuration asks for, all or none.
 *
 * Repeated for an attachment that has its leases already, it answers the same from them. Undone when `signal` aborts
 * or a DEL of the attachment overtakes it before it ends.
 *
 * @throws IpamError; nothing that this call took is left then, or it is in the hands of the pending releases
 */
export async function add(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<IpamResult> {
  agent.attachments.assertLoaded();
  const overtaken = new AbortController();
  const cancel = (reason: IpamError): void => overtaken.abort(reason);
  const ended = agent.overtaking.addBegan(request.attachment, request.startedAtNs, cancel);
  const either = AbortSignal.any([signal, overtaken.signal]);
  try {
    return await agent.gate.run(request.attachment, () => addAlone(request, agent, either));
  } finally {
    ended();
  }
}

async function addAlone(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<IpamResult> {
  const startedAtMs = agent.clock.nowMs();
  // A repeated ADD keeps what a DEL before it would release, and leaves no trace of itself on the server.
  if (agent.attachments.of(request.attachment).length > 0) agent.spooled.look();
  signal.throwIfAborted();
  await settleInterface(request.attachment, agent, signal);
  const reading = readSection(request, agent);
  agent.noteIgnoredKeys(request.attachment.network, reading.ignoredKeys);
  const selection = await selectPools(reading.request, request.attachment.network, { pools: agent.pools, signal });
  const claims = claimsFor(selection.sets, reading.request.fixed);
  checkAnswer(claims, selection, request.cniVersion);
  const call = { claimant: claimantOf(request, agent), startedAtMs, signal };
  const leases = await leasesFor(claims, call, agent);
  for (const lease of leases) agent.attachments.put(lease, request.startedAtNs);
  return resultOf(leases, selection);
}

function readSection({ ipam, requestedIps, args, config }: CniRequest, agent: AgentContext): SectionReading {
  const fixed = { requestedIps, conventionIps: conventionIps(config), argument: args.get("IP") };
  return readIpamSection({ ipam, fixed, readFile: agent.readFile });
}

/**
 * `args.cni.ips` of the network configuration.
 *
 * @throws IpamError `bad-config` where it is no list: a wish that is passed over would look like one that was granted
 */
function conventionIps(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const ips = ["args", "cni", "ips"].reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), config) ?? [];
  if (Array.isArray(ips)) return ips;
  throw new IpamError("bad-config", `args.cni.ips is ${JSON.stringify(ips)}: expected a list of addresses`);
}

/** Whatever would make the answer useless is said before any address is taken. */
function checkAnswer(claims: readonly Claim[], { routes }: PoolSelection, cniVersion: string): void {
  const families = claims.map(({ set }) => set.family);
  checkRouteFamilies(routes, new Set(families));
  requireRoom(cniVersion, families);
}

function claimantOf(request: CniRequest, { node, sandboxes, bootId }: AgentContext): Claimant {
  const { attachment, netns, pod, startedAtNs } = request;
  const { network, containerId: containerID, ifName } = attachment;
  const addedAt = { bootID: bootId, bootTimeNs: startedAtNs.toString() };
  return { network, containerID, ifName, node, pod, sandbox: sandboxes.observe(netns), addedAt };
}

/** The attachment's leases, one for each claim: those that it has already, and new ones for the rest. */
async function leasesFor(claims: readonly Claim[], call: AllocationCall, agent: AgentContext): Promise<IPLease[]> {
  const existing = await existingLeases(call, agent);
  if (existing.length === 0) return allocate(claims, call, agent.allocator);
  const kept = new Map<Claim, IPLease>();
  for (const claim of claims) {
    const lease = existing.find((candidate) => ![...kept.values()].includes(candidate) && serves(candidate, claim));
    if (lease !== undefined) kept.set(claim, lease);
  }
  const missing = claims.filter((claim) => !kept.has(claim));
  const surplus = existing.filter((lease) => ![...kept.values()].includes(lease));
  const added = await allocate(missing, call, agent.allocator).catch(async (error: unknown) => {
    // All or none: what an earlier ADD of this attachment got goes too.
    await giveBack(existing, agent);
    throw error;
  });
  await giveBack(surplus, agent);
  const fresh = added.values();
  return claims.flatMap((claim) => kept.get(claim) ?? fresh.next().value ?? []);
}

function serves({ spec }: IPLease, { set, fixed }: Claim): boolean {
  const address = parseAddress(spec.address);
  if (address === undefined || address.family !== set.family || spec.addressSpace !== set.addressSpace) return false;
  if (fixed !== undefined) return fixed.value === address.value;
  // The pool may have been edited since: its name still ties the lease to the claim.
  return spec.pool === set.pool || set.addresses.has(address);
}

async function giveBack(leases: readonly IPLease[], agent: AgentContext): Promise<void> {
  await Promise.all(leases.map((lease) => agent.allocator.leftovers.giveBack(lease)));
}

function resultOf(leases: readonly IPLease[], { routes, dns }: PoolSelection): IpamResult {
  const ips = leases.map(({ spec }) => ({
    address: `${spec.address}/${spec.prefixLength}`,
    family: spec.address.includes(":") ? (6 as const) : (4 as const),
    ...(spec.gateway === undefined ? {} : { gateway: spec.gateway }),
  }));
  return { ips, routes, dns };
}
