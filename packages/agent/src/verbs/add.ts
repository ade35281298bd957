import type { AllocationCall, AllocationRequest, Claim, Claimant } from "@cluster-ipam/allocator";
import type { CniRequest, IpamResult } from "@cluster-ipam/cni";
import type { IpamError } from "@cluster-ipam/errors";
import type { AgentContext } from "../agent-context.ts";
import { assertReachable, onServerLost } from "../api-circuit.ts";
import { claimsFor } from "../pools/claims.ts";
import type { PoolCall } from "../pools/pool-call.ts";
import { type PoolSelection, selectPools } from "../pools/pool-selection.ts";
import { settleInterface } from "../releases/settle-pending.ts";
import { checkAnswer, type LeasedAnswer, resultOf } from "./answer.ts";
import { answerFromLeases } from "./answer-from-leases.ts";
import { leasesFor } from "./leases-for-claims.ts";
import { readSection } from "./section-of-call.ts";

/**
 * ADD: one address for each range set that the configuration asks for, all or none.
 *
 * Repeated for an attachment that has its leases already, it answers the same from them, whatever became of their
 * pools. Undone when `signal` aborts or a DEL of the attachment overtakes it before it ends, or the API server turns
 * out to be away.
 *
 * @throws IpamError; nothing that this call took is left then, or it is in the hands of the pending releases and in the
 * spool
 */
export async function add(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<IpamResult> {
  agent.attachments.assertLoaded();
  assertReachable(agent);
  const overtaken = new AbortController();
  const cancel = (reason: IpamError): void => overtaken.abort(reason);
  const ended = agent.overtaking.addBegan(request.attachment, request.startedAtNs, cancel);
  const heard = onServerLost(agent, cancel);
  const either = AbortSignal.any([signal, overtaken.signal]);
  try {
    return await agent.gate.run(request.attachment, () => addOrUndo(request, agent, either));
  } finally {
    heard();
    ended();
  }
}

async function addOrUndo(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<IpamResult> {
  const { attachment, startedAtNs } = request;
  try {
    return await addAlone(request, agent, signal);
  } catch (error) {
    // The caller is told that nothing is left: that must outlive this process. It is what a DEL would ask for that
    // began right after this ADD, so that the next ADD of the attachment is not meant.
    const isUndone = agent.pending.dueFor(attachment).length === 0;
    // What an earlier ADD of the attachment was answered with is not to be undone: its DEL releases all that there is.
    const isRepeated = agent.attachments.of(attachment).length > 0;
    if (!isUndone && !isRepeated) await agent.spooled.keep({ attachment, startedAtNs: startedAtNs + 1n });
    throw error;
  }
}

async function addAlone(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<IpamResult> {
  const startedAtMs = agent.clock.nowMs();
  signal.throwIfAborted();
  await settleInterface(request.attachment, agent, signal);
  const reading = readSection(request, agent);
  agent.noteIgnoredKeys(request.attachment.network, reading.ignoredKeys);
  // Until memory has what the call got.
  using hold = agent.allocator.busy.open();
  const call = { claimant: claimantOf(request, agent), startedAtMs, signal, hold };
  const { leases, ...network } = await answerOf(request, reading.request, call, agent);
  for (const lease of leases) agent.attachments.put(lease);
  return resultOf(leases, network);
}

async function answerOf(
  request: CniRequest,
  asked: AllocationRequest,
  call: AllocationCall,
  agent: AgentContext,
): Promise<LeasedAnswer> {
  const { pod, cniVersion } = request;
  let selection: PoolSelection | undefined;
  let claims: readonly Claim[];
  try {
    selection = await selectPools(asked, poolCallOf(request, agent, call.signal));
    claims = claimsFor(selection.sets, asked, { pod, nodeAddresses: agent.nodeAddresses });
    const families = claims.map(({ set }) => set.family);
    checkAnswer(families, selection.routes, cniVersion);
  } catch (refusal) {
    return answerFromLeases({ refusal, asked, selection, cniVersion }, call, agent);
  }
  return { ...selection, leases: await leasesFor(claims, call, agent) };
}

function poolCallOf({ attachment, pod }: CniRequest, agent: AgentContext, signal: AbortSignal): PoolCall {
  const { pools, facts, inlinePools, attachments } = agent;
  const held = attachments.of(attachment);
  return { network: attachment.network, namespace: pod?.namespace, held, pools, facts, inlinePools, signal };
}

function claimantOf(request: CniRequest, { node, sandboxes }: AgentContext): Claimant {
  const { attachment, netns, pod, startedAtNs } = request;
  const { network, containerId: containerID, ifName } = attachment;
  const call = { bootID: sandboxes.bootID, startedAtNs };
  return { network, containerID, ifName, node, pod, sandbox: sandboxes.observe(netns), call };
}
