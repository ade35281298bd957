import type { Clock } from "@cluster-ipam/allocator";
import type { Attachment } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { interfaceKey } from "./attachment-gate.ts";

/** How long a DEL is remembered: the longest ADD, a plugin that waits to connect, and a margin. */
const TOMBSTONE_LIFETIME_MS = 60_000;

interface Tombstone {
  readonly network: string;
  readonly startedAtNs: bigint;
  readonly expiresAtMs: number;
}

interface AddUnderWay {
  readonly network: string;
  readonly startedAtNs: bigint;
  readonly cancel: (reason: IpamError) => void;
}

/**
 * Which ADDs a DEL beats: those of its attachment that began before it, and no later one. Those under way are
 * cancelled; those still to come find its tombstone.
 *
 * Both sides tell when their plugin process started (CLOCK_BOOTTIME): the order in which they reach the agent says
 * nothing, since the child of a killed runtime may arrive last.
 */
export class Overtaking {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #tombstones = new Map<string, Tombstone[]>();
  readonly #underWay = new Map<string, Set<AddUnderWay>>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** A DEL began: cancels older ADDs of its attachment; network "" means every network of the interface. */
  delBegan({ network, ...attachment }: Attachment, startedAtNs: bigint): void {
    this.#forgetExpired();
    const key = interfaceKey(attachment);
    const known = this.#tombstones.get(key) ?? [];
    // DELs may arrive in another order than they began in: the latest start is the one that counts.
    const latestNs = known.reduce(
      (ns, other) => (other.network === network && other.startedAtNs > ns ? other.startedAtNs : ns),
      startedAtNs,
    );
    const expiresAtMs = this.#clock.nowMs() + TOMBSTONE_LIFETIME_MS;
    const tombstone = { network, startedAtNs: latestNs, expiresAtMs };
    // Set anew, so that the map stays in order of age.
    this.#tombstones.delete(key);
    this.#tombstones.set(key, [...known.filter((other) => other.network !== network), tombstone]);
    for (const add of this.#underWay.get(key) ?? []) {
      if (beats(tombstone, add)) add.cancel(overtaken());
    }
  }

  /**
   * An ADD began; `cancel` is called when a DEL overtakes it. Call the returned function when it has ended.
   *
   * @throws IpamError `cancelled` when a DEL that began later has been here already
   */
  addBegan(attachment: Attachment, startedAtNs: bigint, cancel: (reason: IpamError) => void): () => void {
    const key = interfaceKey(attachment);
    const add: AddUnderWay = { network: attachment.network, startedAtNs, cancel };
    if (this.#tombstones.get(key)?.some((tombstone) => beats(tombstone, add)) === true) throw overtaken();
    const adds = this.#underWay.get(key) ?? new Set();
    this.#underWay.set(key, adds.add(add));
    return () => {
      adds.delete(add);
      if (adds.size === 0 && this.#underWay.get(key) === adds) this.#underWay.delete(key);
    };
  }

  #forgetExpired(): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, tombstones] of this.#tombstones) {
      // Insertion order is age order: the first young one ends the search.
      if ((tombstones.at(-1)?.expiresAtMs ?? 0) > nowMs) return;
      this.#tombstones.delete(key);
    }
  }
}

function beats(del: { readonly network: string; readonly startedAtNs: bigint }, add: AddUnderWay): boolean {
  return (del.network === "" || del.network === add.network) && add.startedAtNs < del.startedAtNs;
}

function overtaken(): IpamError {
  return new IpamError("cancelled", "a DEL of the same attachment overtook this ADD");
}
