import {
  type BlockCall,
  type NodeBlocks,
  type OwnBlocks,
  type RangeSet,
  SharedRead,
  settledOrAborted,
} from "@cluster-ipam/allocator";
import type { IPBlock } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Address } from "@cluster-ipam/ip";
import { whileReachable } from "../api-circuit.ts";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { Turns } from "../turns.ts";
import { BlockBook, markUsed } from "./block-book.ts";
import { claimBlock, compareOne, lose } from "./block-claim.ts";
import { idleBlocks, returnBlocks } from "./block-return.ts";
import type { BlocksState, BlocksWorld } from "./blocks-deps.ts";
import { deleteLeaving } from "./certain-block-write.ts";
import { UnsureBlocks } from "./unsure-blocks.ts";

/** How often the node's blocks are looked at for idle ones; that asks nobody. */
const LOOK_MS = 60_000;
/** Bound of one return of a block, and of one list. */
const TIMEOUT_MS = 15_000;
/** Wait between two attempts at the late list: 10 s, doubled each time, at most 5 minutes. */
const RETRY = { firstMs: 10_000, maxMs: 300_000 } as const;
/** How long it stands that a block is this node's, once a conflict has made the node read it. */
const EXAMINED_MS = 10_000;

interface Claim {
  readonly set: RangeSet;
  readonly startedAtMs: number;
  readonly isFound: Promise<boolean>;
}

/** The blocks of this node: which they are, claiming more, and giving back what is not used. */
export class AgentBlocks implements NodeBlocks {
  readonly #state: BlocksState;
  /** One claim or return of a block at a time for each pool. */
  readonly #turns = new Turns();
  /** One at a time for each pool; all that want a block wait for it. */
  readonly #claims = new Map<string, Claim>();
  readonly #listing: SharedRead<readonly IPBlock[]>;
  #isLoaded = false;

  constructor(world: BlocksWorld) {
    this.#state = { ...world, book: new BlockBook(), unsure: new UnsureBlocks() };
    const { store, node, clock } = world;
    this.#listing = new SharedRead((signal) => store.listByNode(node, signal), clock);
  }

  async owned(set: RangeSet, signal: AbortSignal): Promise<OwnBlocks> {
    if (!this.#isLoaded) this.#takeIn(await this.#listing.since(Number.NEGATIVE_INFINITY, signal));
    return this.#state.book.view(set);
  }

  async claimBeyond(known: OwnBlocks, set: RangeSet, call: BlockCall): Promise<boolean> {
    const { signal } = call;
    for (;;) {
      signal.throwIfAborted();
      if (this.#state.book.view(set) !== known) return true;
      const running = this.#claims.get(set.pool);
      const claim = running ?? this.#startClaim(set, signal);
      await settledOrAborted(claim.isFound, signal);
      signal.throwIfAborted();
      // One that another call started fails with that call's deadline, not with ours: look again.
      const isFound = running === undefined ? await claim.isFound : await claim.isFound.catch(() => true);
      const isProof = claim.set === set && claim.startedAtMs >= call.startedAtMs;
      if (!isFound && isProof) return this.#state.book.view(set) !== known;
    }
  }

  use(set: RangeSet, address: Address): void {
    const { book, clock } = this.#state;
    const owned = book.holding(set, address);
    if (owned !== undefined) markUsed(owned, clock.nowMs());
  }

  async examine(set: RangeSet, address: Address, signal: AbortSignal): Promise<void> {
    const { book, clock, store, node } = this.#state;
    const owned = book.holding(set, address);
    if (owned === undefined) return;
    const { name, uid } = owned.block.metadata;
    owned.reading ??= new SharedRead((ending) => store.get(name, ending), clock);
    const found = await owned.reading.since(clock.nowMs() - EXAMINED_MS, signal);
    if (found?.metadata.uid !== uid || found?.spec.node !== node) lose(owned, this.#state);
  }

  /**
   * Reads the blocks that an earlier process has left, once that can have nothing under way any longer, and gives idle
   * ones back, until `signal` aborts. Nothing is asked of the server while no block is idle.
   */
  async runUntil(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#readLate(signal), this.#returnIdle(signal)]);
  }

  #takeIn(listed: readonly IPBlock[]): void {
    const { book, clock } = this.#state;
    this.#isLoaded = true;
    for (const block of listed) book.add(block, clock.nowMs());
  }

  #startClaim(set: RangeSet, signal: AbortSignal): Claim {
    const startedAtMs = this.#state.clock.nowMs();
    const isFound = this.#turns.run(set.pool, async () => {
      try {
        return await claimBlock(set, this.#state, signal);
      } finally {
        this.#claims.delete(set.pool);
      }
    });
    const claim = { set, startedAtMs, isFound };
    this.#claims.set(set.pool, claim);
    return claim;
  }

  async #readLate(signal: AbortSignal): Promise<void> {
    const { clock, circuit } = this.#state;
    await clock.sleep(LATE_WRITE_MS, signal);
    for (let waitMs: number = RETRY.firstMs; !signal.aborted; waitMs = Math.min(waitMs * 2, RETRY.maxMs)) {
      if (circuit.isPassable && (await this.#tryReadLate(signal))) return;
      await clock.sleep(waitMs, signal);
    }
  }

  /** @returns whether that is settled */
  async #tryReadLate(signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#state;
    using bounded = whileReachable(this.#state, signal, AbortSignal.timeout(TIMEOUT_MS));
    try {
      const listed = await this.#listing.since(clock.nowMs(), bounded.signal);
      if (this.#isLoaded) await this.#compareAll(listed, bounded.signal);
      else this.#takeIn(listed);
      return true;
    } catch (err) {
      log.debug({ err }, "node's blocks could not be read");
      // A server that does not know blocks, or does not show them to the agent, has none of this node.
      return IpamError.from(err).code === "apiserver-refused";
    }
  }

  /** Where list and memory differ, each block is read again in its pool's turn: the list may be older than what was done since. */
  async #compareAll(listed: readonly IPBlock[], signal: AbortSignal): Promise<void> {
    const { book } = this.#state;
    const uidOf = ({ metadata }: IPBlock): string | undefined => metadata.uid;
    const known = book.all().map(({ block }) => block);
    const [listedUids, knownUids] = [new Set(listed.map(uidOf)), new Set(known.map(uidOf))];
    const missing = known.filter((block) => !listedUids.has(uidOf(block)));
    const more = listed.filter((block) => !knownUids.has(uidOf(block)));
    for (const block of [...missing, ...more]) {
      await this.#turns.run(block.spec.pool, () => compareOne(block, this.#state, signal));
    }
  }

  async #returnIdle(signal: AbortSignal): Promise<void> {
    const { book, clock, circuit, unsure } = this.#state;
    while (!signal.aborted) {
      if (unsure.leavingPools.size === 0) await book.untilAny(signal);
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      const idle = idleBlocks(this.#state);
      if (!circuit.isPassable) continue;
      for (const pool of unsure.leavingPools) {
        await this.#inTurn(pool, signal, (bounded) => deleteLeaving(pool, this.#state, bounded));
      }
      for (const [pool, blocks] of Map.groupBy(idle, ({ block }) => block.spec.pool)) {
        await this.#inTurn(pool, signal, (bounded) => returnBlocks(pool, blocks, this.#state, bounded));
      }
    }
  }

  /** What fails is tried again at the next look. */
  async #inTurn(pool: string, signal: AbortSignal, task: (bounded: AbortSignal) => Promise<void>): Promise<void> {
    using bounded = whileReachable(this.#state, signal, AbortSignal.timeout(TIMEOUT_MS));
    await this.#turns
      .run(pool, () => task(bounded.signal))
      .catch((err: unknown) => this.#state.log.warn({ err, pool }, "block could not be given back yet"));
  }
}
