import type { Sandbox, Sandboxes } from "@cluster-ipam/agent";

const FIRST_INODE = 4_026_531_840;

/** The network namespaces of one node: they exist from the first ADD on, until the runtime removes them. */
export class SimulatedSandboxes implements Sandboxes {
  readonly #inodes = new Map<string, number>();
  readonly #hidden = new Set<string>();
  readonly #lost = new Set<string>();
  #count = 0;
  #boots = 1;

  /** There is a namespace at `netns`; the agent sees it or not. */
  make(netns: string, isVisible: boolean): void {
    if (!isVisible) this.#hidden.add(netns);
    if (this.#inodes.has(netns)) return;
    this.#count += 1;
    this.#inodes.set(netns, FIRST_INODE + this.#count);
  }

  /** The namespace at `netns` is gone. */
  remove(netns: string): void {
    this.#inodes.delete(netns);
  }

  /** The agent does not find what is there, until {@link findAll}. */
  lose(netns: string): void {
    this.#lost.add(netns);
  }

  /** The agent finds again what is there. */
  findAll(): void {
    this.#lost.clear();
  }

  /** Every namespace is gone, and the next ones are of another boot. */
  reboot(): void {
    this.#inodes.clear();
    this.#boots += 1;
  }

  observe(netns: string): Sandbox | undefined {
    const inode = this.#hidden.has(netns) ? undefined : this.#found(netns);
    return inode === undefined ? undefined : { netns, inode: String(inode), bootID: this.bootID };
  }

  isGone(sandbox: Sandbox): boolean {
    return sandbox.bootID !== this.bootID || String(this.#found(sandbox.netns)) !== sandbox.inode;
  }

  /** Mounts are not a part of the model. */
  refresh(): void {}

  #found(netns: string): number | undefined {
    return this.#lost.has(netns) ? undefined : this.#inodes.get(netns);
  }

  get bootID(): string {
    return `boot-${this.#boots}`;
  }
}
