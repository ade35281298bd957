import type { Clock } from "@cluster-ipam/allocator";
import { spoolFileName } from "@cluster-ipam/cni";
import type { Logger } from "@cluster-ipam/telemetry";
import type { AgentMeter } from "../agent-meter.ts";
import type { Interface } from "../attachments/attachment-gate.ts";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import type { Overtaking } from "../attachments/overtaking.ts";
import type { AttachmentRelease, PendingReleases } from "./pending-releases.ts";
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
/** Files are removed, and read, so many at a time; in between other work comes in. */
const SLICE = { removals: 200, pauseMs: 1 } as const;

/** What spooled releases work on. */
export interface SpooledReleasesDeps {
  readonly spool: Spool;
  readonly bootId: string;
  readonly pending: PendingReleases;
  readonly overtaking: Pick<Overtaking, "delBegan">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: Logger;
  readonly meter: Pick<AgentMeter, "spoolWriteFailed">;
}

/**
 * Carries releases between the spool and what is pending: each file becomes a pending release, and stays until nothing
 * is pending for its interface any more, so that an agent that is killed in between finds it again.
 *
 * What an earlier process had under way when it ended may be written for two minutes more, so for so long a release that
 * is taken up stays pending.
 *
 * Carried out twice a release does no harm: a DEL takes only what began before it, and leases say when that was.
 */
export class SpooledReleases {
  readonly #deps: SpooledReleasesDeps;
  readonly #interfaces = new Map<string, Interface>();
  /** Files that could not be removed: settled, and not to be read again by this process. */
  readonly #stuck = new Set<string>();
  readonly #lateUntilMs: number;

  constructor(deps: SpooledReleasesDeps) {
    this.#deps = deps;
    this.#lateUntilMs = deps.clock.nowMs() + LATE_WRITE_MS;
  }

  /** Number of releases in the spool that are not settled, as far as this process knows. */
  get size(): number {
    return this.#interfaces.size;
  }

  /** Takes up what has come into the spool, or the first part of it. @returns whether that was all */
  look(): boolean {
    const isKnown = (name: string): boolean => this.#interfaces.has(name) || this.#stuck.has(name);
    const { files, isLast } = this.#deps.spool.read(isKnown);
    for (const file of files) this.#takeUp(file);
    return isLast;
  }

  /** Takes up all that has come into the spool, part by part. */
  async lookAll(clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<void> {
    while (!this.look() && !signal.aborted) await clock.sleep(SLICE.pauseMs, signal);
  }

  /**
   * Keeps what a DEL asked for until it is settled. A spool that cannot be written to is told to the log and counted.
   */
  async keep({ attachment, startedAtNs }: AttachmentRelease): Promise<void> {
    const { spool, bootId, log, meter } = this.#deps;
    const release = { attachment, startedAtNs, bootId };
    const name = spoolFileName(release);
    this.#interfaces.set(name, attachment);
    try {
      await spool.write({ name, release });
    } catch (err) {
      this.#interfaces.delete(name);
      meter.spoolWriteFailed();
      log.error({ err, ...attachment }, "release could not be spooled and is lost if the agent ends before it is made");
    }
  }

  /** Removes files of interfaces for which nothing is pending, up to some number. @returns whether that was all */
  settle(): boolean {
    let removals = 0;
    for (const [name, of] of this.#interfaces) {
      if (this.#deps.pending.dueFor(of).length > 0) continue;
      if (removals === SLICE.removals) return false;
      removals += 1;
      this.#remove(name);
    }
    return true;
  }

  /** Removes all files of interfaces for which nothing is pending, part by part. */
  async settleAll(clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<void> {
    while (!this.settle() && !signal.aborted) await clock.sleep(SLICE.pauseMs, signal);
  }

  #takeUp({ name, release: { attachment, startedAtNs, bootId } }: SpooledFile): void {
    const { pending, overtaking, log } = this.#deps;
    const isOfThisBoot = bootId === this.#deps.bootId;
    const release = { attachment, startedAtNs: isOfThisBoot ? startedAtNs : EARLIER_BOOT_NS };
    this.#interfaces.set(name, attachment);
    overtaking.delBegan(attachment, release.startedAtNs);
    pending.addAttachment(release, this.#lateUntilMs);
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
