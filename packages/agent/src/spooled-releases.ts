import { spoolFileName } from "@cluster-ipam/cni";
import type { Logger } from "@cluster-ipam/telemetry";
import { type Interface, interfaceKey } from "./attachment-gate.ts";
import type { Overtaking } from "./overtaking.ts";
import { type AttachmentRelease, interfaceOf, type PendingReleases } from "./pending-releases.ts";
import type { Spool, SpooledFile } from "./spool.ts";

/**
 * The start of a DEL of an earlier boot, in the time of this one: before every call of this boot, after all of the
 * earlier ones.
 *
 * A reboot ends every sandbox, and the runtime makes new container IDs. Where one comes again all the same (cnitool
 * names them by a path), its ADD is later than the DEL, whatever the two clocks say, since each began to count anew.
 * What the attachment has from before the reboot is what the DEL was for.
 */
const EARLIER_BOOT_NS = 0n;

/** What spooled releases work on. */
export interface SpooledReleasesDeps {
  readonly spool: Spool;
  readonly bootId: string;
  readonly pending: PendingReleases;
  readonly overtaking: Pick<Overtaking, "delBegan">;
  readonly log: Logger;
}

/**
 * Carries releases between the spool and what is pending: each file becomes a pending release, and stays until nothing
 * is pending for its interface any more, so that an agent that is killed in between finds it again.
 *
 * Carried out twice a release does no harm: a DEL takes only what began before it, and leases say when that was.
 */
export class SpooledReleases {
  readonly #deps: SpooledReleasesDeps;
  readonly #interfaces = new Map<string, Interface>();
  /** Files that could not be removed: settled, and not to be read again by this process. */
  readonly #stuck = new Set<string>();

  constructor(deps: SpooledReleasesDeps) {
    this.#deps = deps;
  }

  /** Number of releases in the spool that are not settled, as far as this process knows. */
  get size(): number {
    return this.#interfaces.size;
  }

  /** Takes up what has come into the spool. */
  look(): void {
    const isKnown = (name: string): boolean => this.#interfaces.has(name) || this.#stuck.has(name);
    for (const file of this.#deps.spool.read(isKnown)) this.#takeUp(file);
  }

  /** Keeps what a DEL asked for until it is settled. A spool that cannot be written to is told to the log. */
  async keep({ attachment, startedAtNs }: AttachmentRelease): Promise<void> {
    const { spool, bootId, log } = this.#deps;
    const release = { attachment, startedAtNs, bootId };
    const name = spoolFileName(release);
    this.#interfaces.set(name, attachment);
    try {
      await spool.write({ name, release });
    } catch (err) {
      this.#interfaces.delete(name);
      log.error({ err, ...attachment }, "release could not be spooled and is lost if the agent ends before it is made");
    }
  }

  /** Removes the files of interfaces for which nothing is pending. */
  settle(): void {
    if (this.size === 0) return;
    const due = new Set(this.#deps.pending.due().map((pending) => interfaceKey(interfaceOf(pending))));
    for (const [name, of] of this.#interfaces) {
      if (!due.has(interfaceKey(of))) this.#remove(name);
    }
  }

  #takeUp({ name, release: { attachment, startedAtNs, bootId } }: SpooledFile): void {
    const { pending, overtaking, log } = this.#deps;
    const isOfThisBoot = bootId === this.#deps.bootId;
    const release = { attachment, startedAtNs: isOfThisBoot ? startedAtNs : EARLIER_BOOT_NS };
    this.#interfaces.set(name, attachment);
    overtaking.delBegan(attachment, release.startedAtNs);
    pending.addAttachment(release);
    log.info({ file: name, ...attachment, isOfThisBoot }, "spooled release taken up");
  }

  #remove(name: string): void {
    this.#interfaces.delete(name);
    try {
      this.#deps.spool.remove(name);
    } catch (err) {
      this.#stuck.add(name);
      this.#deps.log.warn({ err, file: name }, "settled release cannot be removed from the spool");
    }
  }
}
