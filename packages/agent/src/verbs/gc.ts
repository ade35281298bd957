import type { IPLease } from "@cluster-ipam/api";
import type { CniRequest } from "@cluster-ipam/cni";
import type { AgentContext } from "../agent-context.ts";
import { assertReachable } from "../api-circuit.ts";
import { holdingInterface, interfaceKey } from "../attachments/attachment-gate.ts";
import { releaseLeases } from "../releases/release-attachment.ts";

/**
 * GC: releases this node's leases of the network whose attachment is not among the valid ones and whose sandbox is
 * gone. Without a list of valid attachments nothing is released, and never what an ADD took after the GC began. Goes on
 * past errors: what failed is pending then.
 */
export async function gc(request: CniRequest, agent: AgentContext, signal: AbortSignal): Promise<void> {
  const { attachment, validAttachments, startedAtNs } = request;
  if (validAttachments === undefined) return;
  assertReachable(agent);
  const valid = new Set(validAttachments.map(({ containerID, ifname }) => `${containerID}/${ifname}`));
  const isStale = (lease: IPLease): boolean =>
    !valid.has(interfaceKey(holdingInterface(lease))) &&
    agent.attachments.isOlderThan(lease, startedAtNs) &&
    agent.attachments.isSandboxGone(lease);
  for (const lease of agent.attachments.ofNetwork(attachment.network).filter(isStale)) {
    await agent.gate.run(holdingInterface(lease), async () => {
      // The call that had the gate before may have released the lease, or a new sandbox taken it over.
      if (agent.attachments.byName(lease.metadata.name) !== lease) return;
      await releaseLeases([lease], request, agent, signal);
      const { address: ip, pool, containerID: containerId, ifName } = lease.spec;
      agent.log.info({ ip, pool, containerId, ifName }, "stale lease found by GC and given back");
    });
  }
}
