import type { Sandbox, Sandboxes } from "../attachments/sandbox.ts";

const FIRST_INODE = 4_026_531_840;

/** Network namespaces that exist because a test says so: all but the hidden and the ended ones. */
export class FakeSandboxes implements Sandboxes {
  readonly bootID = "boot-1";
  readonly #ended = new Set<string>();
  readonly #hidden = new Set<string>();
  /** How often was asked to look at mounts anew. */
  refreshes = 0;
  readonly #renewals = new Map<string, number>();

  /** The namespace at `netns` is gone from now on. */
  end(netns: string): void {
    this.#ended.add(netns);
  }

  /** The agent cannot see what is at `netns`. */
  hide(netns: string): void {
    this.#hidden.add(netns);
  }

  /** The namespace at `netns` is gone, and another one is there now. */
  renew(netns: string): void {
    this.#renewals.set(netns, (this.#renewals.get(netns) ?? 0) + 1);
  }

  observe(netns: string): Sandbox | undefined {
    if (this.#ended.has(netns) || this.#hidden.has(netns)) return undefined;
    return { netns, inode: String(FIRST_INODE + (this.#renewals.get(netns) ?? 0)), bootID: this.bootID };
  }

  /** The namespace at `netns` is there again, or seen again. */
  restore(netns: string): void {
    this.#ended.delete(netns);
    this.#hidden.delete(netns);
  }

  isGone(sandbox: Sandbox): boolean {
    if (sandbox.bootID !== this.bootID) return true;
    if (this.#hidden.has(sandbox.netns)) return false;
    return this.observe(sandbox.netns)?.inode !== sandbox.inode;
  }

  refresh(): void {
    this.refreshes += 1;
  }
}
