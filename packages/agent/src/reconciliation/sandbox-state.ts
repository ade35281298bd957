import type { IPLease } from "@cluster-ipam/api";
import type { Sandboxes } from "../attachments/sandbox.ts";

/** `unseen`: the ADD could not see the namespace, or this process cannot. */
export type SandboxState = "there" | "gone" | "unseen";

/** What the node says of the network namespace of a lease. */
export function sandboxState({ spec: { sandbox } }: IPLease, sandboxes: Sandboxes): SandboxState {
  if (sandbox === undefined) return "unseen";
  if (sandboxes.isGone(sandbox)) return "gone";
  return sandboxes.observe(sandbox.netns)?.inode === sandbox.inode ? "there" : "unseen";
}
