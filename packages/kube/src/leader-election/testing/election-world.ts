import { MemoryLease } from "./memory-lease.ts";
import { type RequestFate, SimulatedReplica } from "./simulated-replica.ts";
import { VirtualTime } from "./virtual-time.ts";

/** The request and its answer arrive. */
export const PROMPT: RequestFate = { thereMs: 2, backMs: 2 };
/** The request gets lost. */
export const LOST: RequestFate = { thereMs: undefined, backMs: undefined };
/** The request is carried out, and its answer gets lost. */
export const UNHEARD: RequestFate = { thereMs: 2, backMs: undefined };

/** One Lease and whoever stands for election by it. */
export class ElectionWorld {
  readonly time: VirtualTime = new VirtualTime();
  readonly lease: MemoryLease = new MemoryLease();
  /** What chance gives, a number in [0, 1): the larger, the shorter are pauses. */
  chance = 0;

  /** Starts a process. */
  replica(identity: string): SimulatedReplica {
    return new SimulatedReplica(identity, { time: this.time, lease: this.lease, random: () => this.chance });
  }

  /** Makes a Lease that nobody holds, as after a release. */
  unheld(): void {
    this.lease.put({ holderIdentity: "", leaseDurationSeconds: 15, leaseTransitions: 4 });
  }

  /** Starts a process, "a", that leads by a Lease that nobody held. */
  async leader(): Promise<SimulatedReplica> {
    this.unheld();
    const first = this.replica("a");
    await this.time.advance(100);
    if (!first.isLeading) throw new Error("nobody leads");
    return first;
  }

  /** Lets time pass until something is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let ms = 0; !isSo(); ms += 1) {
      if (ms === 60_000) throw new Error("it is not so after a minute");
      await this.time.advance(1);
    }
  }
}
