import type { CniRequest } from "@cluster-ipam/cni";
import type { AgentContext } from "../agent-context.ts";
import { releaseAttachment } from "./release-attachment.ts";

/**
 * DEL: beats every ADD of its attachment that began before it and no later one, and releases what those have.
 *
 * It succeeds always: what cannot be released or confirmed now is pending then, and in the spool. An attachment that never was, a
 * repeated DEL and a configuration that cannot be read are success too (CNI spec, "DEL").
 */
export async function del(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<void> {
  const { attachment, startedAtNs } = request;
  agent.overtaking.delBegan(attachment, startedAtNs);
  if (!agent.attachments.isLoaded) {
    agent.pending.addAttachment(request);
    await agent.spooled.keep(request);
    return;
  }
  await agent.gate.run(attachment, async () => {
    try {
      await releaseAttachment(request, agent, signal);
    } catch (err) {
      agent.log.warn({ err, ...attachment }, "release put off");
      agent.pending.addAttachment(request);
    }
    // Success is a promise, which must outlive this process.
    if (agent.pending.dueFor(attachment).length > 0) await agent.spooled.keep(request);
  });
}
