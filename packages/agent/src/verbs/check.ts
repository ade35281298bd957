import { describeHolder, isHeldBy } from "@cluster-ipam/allocator";
import { type IPLease, leaseName } from "@cluster-ipam/api";
import { type CniRequest, parsePrevIps } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { formatAddress, parseAddress, parseCidr } from "@cluster-ipam/ip";
import type { AgentContext } from "../agent-context.ts";
import { assertReachable, whileReachable } from "../api-circuit.ts";
import { readSection } from "./section-of-call.ts";

/**
 * CHECK, read live: the attachment has its leases, and prevResult holds each of them.
 *
 * @throws IpamError `check-failed` that names address and holder; `bad-config` without prevResult;
 * `apiserver-unreachable` as soon as the API server is known to be away
 */
export async function check(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<void> {
  if (request.prevResult === undefined) {
    throw new IpamError("bad-config", "prevResult is absent: CHECK needs the result of the ADD (CNI spec, CHECK)");
  }
  const previous = new Set(parsePrevIps(request.prevResult).map(({ address }) => canonicalAddress(address)));
  assertReachable(agent);
  using reachable = whileReachable(agent, signal);
  const leases = await liveLeases(request, agent, reachable.signal);
  if (leases.length === 0) throw await noLease(previous, request, agent, reachable.signal);
  for (const { spec } of leases) {
    if (previous.has(spec.address)) continue;
    throw new IpamError(
      "check-failed",
      `prevResult does not hold ${spec.address}, which this attachment has a lease for`,
    );
  }
}

async function liveLeases({ attachment }: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<IPLease[]> {
  const { network, containerId: containerID, ifName } = attachment;
  const isOwn = (lease: IPLease): boolean => isHeldBy(lease, { network, containerID, ifName, node: agent.node });
  const known = agent.attachments.of(attachment);
  // Only what is not known costs a list: some runtimes CHECK after every ADD.
  if (known.length === 0) return (await agent.nodeLeases.since(agent.clock.nowMs(), signal)).filter(isOwn);
  const live: IPLease[] = [];
  for (const { metadata, spec } of known) {
    const lease = await agent.store.get(metadata.name, signal);
    if (lease === undefined || !isOwn(lease)) {
      throw new IpamError("check-failed", `this attachment has lost its lease: ${holderSentence(spec.address, lease)}`);
    }
    live.push(lease);
  }
  return live;
}

async function noLease(
  addresses: ReadonlySet<string>,
  request: CniRequest,
  agent: AgentContext,
  signal: AbortSignal,
): Promise<IpamError> {
  const spaces = await spacesOf(request, agent, signal);
  const sentences: string[] = [];
  for (const text of addresses) sentences.push(holderSentence(text, await leaseOf(text, spaces, agent, signal)));
  return new IpamError("check-failed", ["this attachment has no lease", ...sentences].join("; "));
}

/** Who has the address, in the first of the spaces where somebody does. */
async function leaseOf(
  text: string,
  spaces: readonly string[],
  { store }: AgentContext,
  signal: AbortSignal,
): Promise<IPLease | undefined> {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  for (const space of spaces) {
    const held = await store.get(leaseName(address, space), signal);
    if (held !== undefined) return held;
  }
  return undefined;
}

/**
 * The address spaces that the configuration means: that of its pools, or that of its ranges and addresses.
 *
 * What cannot be read any more leaves the default space: CHECK is to fail for the lease, not for its explanation.
 */
async function spacesOf(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { choice, addressSpace } = readSection(request, agent).request;
    if (choice.kind !== "named" && choice.kind !== "network") return [addressSpace];
    const pools =
      choice.kind === "network"
        ? [await agent.pools.getOrDefault(request.attachment.network, signal)]
        : await Promise.all(choice.names.map((name) => agent.pools.get(name, signal)));
    return [...new Set([...pools.map((known) => known?.pool.spec.addressSpace ?? ""), addressSpace])];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof IpamError) return [""];
    throw error;
  }
}

function holderSentence(address: string, held: IPLease | undefined): string {
  return held === undefined ? `nobody has a lease for ${address}` : `${address} is held by ${describeHolder(held)}`;
}

function canonicalAddress(text: string): string {
  const cidr = parseCidr(text);
  return cidr === undefined ? text : formatAddress(cidr);
}
