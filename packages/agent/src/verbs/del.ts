import type { CniRequest } from "@cluster-ipam/cni";
import type { AgentContext } from "../agent-context.ts";
import { isAway, whileReachable } from "../api-circuit.ts";
import { releaseAttachment } from "../releases/release-attachment.ts";

/**
 * DEL: beats every ADD of its attachment that began before it and no later one, and releases what those have.
 *
 * It succeeds always: what cannot be released or confirmed now is pending then, and in the spool. An attachment that
 * never was, a repeated DEL and a configuration that cannot be read are success too (CNI spec, "DEL"). While the API
 * server is away, or not known yet, it does not wait; else until `signal` aborts at most, and the release goes on.
 */
export async function del(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<void> {
  agent.overtaking.delBegan(request.attachment, request.startedAtNs);
  if (!agent.attachments.isLoaded || isAway(agent)) return putOff(request, agent);
  const released = agent.gate.run(request.attachment, () => release(request, agent, signal));
  const isInTime = await Promise.race([released.then(() => true), aborted(signal)]);
  if (!isInTime) await putOff(request, agent);
}

async function release(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<void> {
  const { attachment } = request;
  using reachable = whileReachable(agent, signal);
  try {
    await releaseAttachment(request, agent, reachable);
  } catch (err) {
    agent.log.warn({ err, ...attachment }, "release put off");
    agent.pending.addAttachment(request);
  }
  // Success is a promise, which must outlive this process.
  if (agent.pending.dueFor(attachment).length > 0) await agent.spooled.keep(request);
}

async function putOff(request: CniRequest, agent: AgentContext): Promise<void> {
  agent.pending.addAttachment(request);
  await agent.spooled.keep(request);
}

function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener("abort", () => resolve(false), { once: true });
  });
}
