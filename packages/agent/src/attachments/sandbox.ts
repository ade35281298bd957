import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { IPLeaseSpec } from "@cluster-ipam/api";
import { MountSight } from "./mount-sight.ts";

/** NSFS_MAGIC of statfs(2): what a namespace that is bound to a path, or linked under /proc, lies on. */
const NSFS_MAGIC = 0x6e736673;

/** The network namespace of an attachment, as a lease has it. */
export type Sandbox = NonNullable<IPLeaseSpec["sandbox"]>;

/** The node's network namespaces: they decide which attachments are alive. */
export interface Sandboxes {
  /** Boot ID of the node. */
  readonly bootID: string;
  /** The namespace at `netns`; undefined where the agent cannot see one there. */
  observe(netns: string): Sandbox | undefined;
  /**
   * Whether the namespace is surely gone: no path, no namespace, another inode, another boot. Where this process does
   * not see what the node has mounted, only another boot is sure.
   */
  isGone(sandbox: Sandbox): boolean;
  /** From now on it is looked up anew which folders show what the node has. */
  refresh(): void;
}

/** The namespaces of the machine that this process runs on. */
export class NodeSandboxes implements Sandboxes {
  readonly bootID: string;
  readonly #sight: Pick<MountSight, "isNodes" | "refresh">;

  constructor(
    bootIdFile = "/proc/sys/kernel/random/boot_id",
    sight: Pick<MountSight, "isNodes" | "refresh"> = new MountSight(),
  ) {
    this.bootID = readFileSync(bootIdFile, "utf8").trim();
    this.#sight = sight;
  }

  observe(netns: string): Sandbox | undefined {
    if (netns === "") return undefined;
    const inode = namespaceInode(netns);
    return typeof inode === "bigint" ? { netns, inode: inode.toString(), bootID: this.bootID } : undefined;
  }

  isGone(sandbox: Sandbox): boolean {
    if (sandbox.bootID !== this.bootID) return true;
    const inode = namespaceInode(sandbox.netns);
    if (inode === "unreadable" || inode.toString() === sandbox.inode) return false;
    return this.#sight.isNodes(sandbox.netns);
  }

  refresh(): void {
    this.#sight.refresh();
  }
}

/**
 * Synchronous on purpose: stat and statfs of tmpfs, nsfs and proc do not wait for a disk, and take a tenth of what a
 * turn through the thread pool takes.
 */
function namespaceInode(path: string): bigint | "none" | "unreadable" {
  try {
    const { ino } = statSync(path, { bigint: true });
    return statfsSync(path).type === NSFS_MAGIC ? ino : "none";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // Only an absent path proves anything; a refusal says something about the agent, not about the sandbox.
    if (code === "ENOENT") return isFolderInSight(path) ? "none" : "unreadable";
    return code === "ENOTDIR" || code === "ESRCH" ? "none" : "unreadable";
  }
}

/**
 * An agent that was started without the node's folder of namespaces sees none of them: that says nothing of the
 * sandboxes. Under /proc a folder goes with its process.
 */
function isFolderInSight(path: string): boolean {
  return path.startsWith("/proc/") || existsSync(dirname(path));
}
