import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Random } from "../clock.ts";
import type { LeaseStore, LeaseVersion, UnknownOutcome } from "../lease-store.ts";
import type { MemoryLeaseStore } from "./memory-lease-store.ts";

/** A write that is still on its way. */
interface LateWrite {
  readonly name: string;
  readonly node: string;
  /** Happens once, however often it is asked for. */
  readonly land: () => Promise<unknown>;
}

/** A late write happens within so many turns of the event loop. */
const LATE_TURNS = 12;

/**
 * A store whose writes get lost, lose their answer, come late, or are refused, by chance.
 *
 * @example
 * const store = new UnreliableStore(new MemoryLeaseStore(), seededRandom(1), 0.2);
 */
export class UnreliableStore implements LeaseStore {
  readonly #memory: MemoryLeaseStore;
  readonly #random: Random;
  readonly #faultShare: number;
  readonly #late: LateWrite[] = [];

  /** @param faultShare share of the writes that go wrong, in [0, 1] */
  constructor(memory: MemoryLeaseStore, random: Random, faultShare: number) {
    this.#memory = memory;
    this.#random = random;
    this.#faultShare = faultShare;
  }

  create: LeaseStore["create"] = (lease) =>
    this.#write(lease.metadata.name, lease.spec.node, () => this.#memory.create(lease));
  replace: LeaseStore["replace"] = (lease) =>
    this.#write(lease.metadata.name, lease.spec.node, () => this.#memory.replace(lease));
  delete: LeaseStore["delete"] = (version: LeaseVersion) =>
    this.#write(version.name, "", () => this.#memory.delete(version));
  get: LeaseStore["get"] = (name, signal) => this.#memory.get(name, signal);
  listByNode: LeaseStore["listByNode"] = (node, signal) => this.#memory.listByNode(node, signal);
  listByHolder: LeaseStore["listByHolder"] = (holder, signal) => this.#memory.listByHolder(holder, signal);
  listNames: LeaseStore["listNames"] = (pool, signal) => this.#memory.listNames(pool, signal);

  /**
   * Lets what the lease's node sent for the name, and got no answer to, happen before that node deletes the lease: a
   * server does not do writes of one client in an order of its own, long after it answered the later one.
   */
  land({ metadata, spec }: IPLease): Promise<void> {
    return this.#land(({ name, node }) => name === metadata.name && node === spec.node);
  }

  /** Lets every late write happen, as far as it still can. */
  landAll(): Promise<void> {
    return this.#land(() => true);
  }

  async #land(isMeant: (write: LateWrite) => boolean): Promise<void> {
    for (const write of this.#late.filter((late) => isMeant(late))) await write.land();
  }

  async #write<T>(name: string, node: string, commit: () => Promise<T>): Promise<T | UnknownOutcome> {
    if (this.#random() >= this.#faultShare) return commit();
    const dice = this.#random();
    if (dice < 0.1) throw new IpamError("apiserver-refused", "admission is down");
    if (dice < 0.4) return unknown("lost");
    if (dice < 0.7) {
      this.#delay(name, node, commit);
      return unknown("late");
    }
    await commit();
    return unknown("answer lost");
  }

  #delay(name: string, node: string, commit: () => Promise<unknown>): void {
    let landing: Promise<unknown> | undefined;
    const write: LateWrite = {
      name,
      node,
      land: () => {
        // A late write that can no longer be done is refused, and nobody hears of it.
        landing ??= commit().catch(() => undefined);
        return landing;
      },
    };
    this.#late.push(write);
    void turns(Math.floor(this.#random() * LATE_TURNS)).then(write.land);
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function unknown(cause: string): UnknownOutcome {
  return { kind: "unknown", cause };
}
