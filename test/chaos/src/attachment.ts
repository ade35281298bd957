import type { Pod } from "@cluster-ipam/test-integration";

/** One interface of one sandbox, as its runtime names it. */
export interface Attachment {
  readonly containerId: string;
  readonly ifName: string;
  /** Path of the sandbox's network namespace. */
  readonly netns: string;
  readonly node: string;
  readonly network: string;
  readonly pod: Pod;
}

/** One run of the plugin, as its caller saw it. Times count from the start of the run. */
export interface CallNote {
  readonly command: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** What came out of it, in words. */
  readonly said: string;
}

/** One attachment and all that its runtime did with it. */
export class AttachmentRecord {
  readonly attachment: Attachment;
  readonly calls: CallNote[] = [];
  /** The addresses that it holds: from an ADD's answer until the next call is sent, or the sandbox ends. */
  holding: readonly string[] | undefined;
  /** Whether an ADD ended without success: its undo may be lost with an agent, until the sandboxes are looked at. */
  hasFailedAdd = false;
  /** Whether the plugin of its last ADD was killed: the agent may not have noticed yet. */
  isAddUnderWay = false;
  /** Whether a DEL has returned success, and nothing since the sandbox was made is a reason to doubt its release. */
  isReleased = false;
  /** The doubts when the sandbox was made. */
  readonly doubtMark: number;

  constructor(attachment: Attachment, doubtMark: number) {
    this.attachment = attachment;
    this.doubtMark = doubtMark;
  }
}

/** `net1 of pod default/p7 (container 0a1b…) on n1`, for reports. */
export function describe({ pod, ifName, containerId, node }: Attachment): string {
  return `${ifName} of pod ${pod.namespace}/${pod.name} (container ${containerId.slice(0, 12)}) on ${node}`;
}
