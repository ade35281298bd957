import {
  type BlockStore,
  type LeaseStore,
  type NodePods,
  PoolKeeping,
  type PoolStatusStore,
} from "@cluster-ipam/allocator";
import type { Clock, EventRecorder } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import type { ClusterView } from "../cluster-view.ts";
import type { Concern } from "../controller.ts";
import { IdlePools } from "../inline-pools/idle-pools.ts";
import { type IdleRemovalOptions, removeIdlePools } from "../inline-pools/idle-removal.ts";
import type { HeldLook } from "../pool-status/held-pools.ts";
import { type BrakedRound, describeHeld } from "./brake.ts";
import { GarbageJournal, type GarbageMeter } from "./garbage-journal.ts";
import { type LostBlocksOptions, returnLostBlocks } from "./lost-blocks.ts";
import { type LostLeasesOptions, releaseLostLeases } from "./lost-leases.ts";
import { type AbsentNode, type ClusterNodes, lostAmong, type NodeLook } from "./lost-node.ts";
import { NodeAbsence } from "./node-absence.ts";
import { ToldOnce } from "./told-once.ts";

/** Whether garbage is removed, told of, or left alone. */
export const GARBAGE_MODES = ["off", "dry-run", "on"] as const;
export type GarbageMode = (typeof GARBAGE_MODES)[number];

/**
 * How often everything is looked at, more often where nodes are lost sooner than that; and how long is waited after each
 * thing that goes: ten a second at most.
 */
export const GARBAGE_PACE = { roundMs: 30_000, pauseMs: 100 } as const;

/** What an operator says about garbage. */
export interface GarbageSettings {
  readonly mode: GarbageMode;
  /** Share of all leases that may go at once, in percent. */
  readonly maxPercent: number;
  /** How long an inline pool must have had no lease before it goes; undefined: it never does. */
  readonly inlinePoolIdleMs: number | undefined;
  /** How long a Node object must have been missing before what the node has may go; 5 minutes by default. */
  readonly lostNodeGraceMs?: number;
}

/** What a {@link GarbageConcern} is made of. */
export interface GarbageOptions extends GarbageSettings {
  readonly leases: Pick<LeaseStore, "get" | "delete" | "replace" | "listNames">;
  readonly blocks: Pick<BlockStore, "delete">;
  readonly pools: Pick<PoolStatusStore, "delete">;
  readonly pods: Pick<NodePods, "get">;
  readonly nodes: Pick<ClusterNodes, "read">;
  readonly events: Pick<EventRecorder, "tell">;
  readonly meter: GarbageMeter;
  /** Told after each look which pools have leases that are held up, and of which that is not known yet. */
  readonly onHeld: (look: HeldLook) => void;
  readonly clock: Clock;
  /** The time of day, which a release tells to people alone. */
  readonly date: () => Date;
  readonly log: Logger;
}

/** Nothing is held up. */
const NOTHING_HELD: HeldLook = { messages: new Map(), undecided: new Set() };

/** What one round has found. */
interface Round {
  /** What the brake has held up. */
  readonly held: BrakedRound | undefined;
  /** Pools with leases on nodes that an earlier leader may have taken for lost, and this one cannot yet. */
  readonly undecided: ReadonlySet<string>;
}

/** What a view must tell; a {@link ClusterView} does. */
export type GarbageView = Pick<ClusterView, "leases" | "pools" | "blocks" | "node" | "onNodeSeen">;

/** Nothing is left behind by nodes that cannot answer for themselves, nor by networks that nobody uses any more. */
export class GarbageConcern implements Concern {
  readonly name = "garbage";
  readonly #view: GarbageView;
  readonly #options: GarbageOptions;
  readonly #journal: GarbageJournal;
  readonly #look: NodeLook;
  readonly #leases: LostLeasesOptions;
  readonly #blocks: Omit<LostBlocksOptions, "blocks">;
  readonly #idle: IdlePools | undefined;
  readonly #idleRemoval: IdleRemovalOptions;
  /** When all nodes were first looked at in this term. */
  #firstLookMs: number | undefined;

  /** @param view of one term, which has read everything when it runs */
  constructor(view: GarbageView, options: GarbageOptions) {
    this.#view = view;
    this.#options = options;
    const { clock, leases, blocks, pools, pods, nodes, mode, maxPercent, inlinePoolIdleMs, lostNodeGraceMs } = options;
    const isDryRun = mode === "dry-run";
    this.#journal = new GarbageJournal({ ...options, isDryRun });
    const pause = (signal: AbortSignal): Promise<void> => clock.sleep(GARBAGE_PACE.pauseMs, signal);
    const known = (name: string): ReturnType<ClusterNodes["known"]> => view.node(name);
    const read: ClusterNodes["read"] = (name, signal) => nodes.read(name, signal);
    const absence = new NodeAbsence(lostNodeGraceMs);
    // One that came and went between two looks was not missing all the time.
    view.onNodeSeen((name) => absence.seen(name));
    this.#look = { nodes: { known, read }, absence, nowMs: () => clock.nowMs() };
    const shared = { ...this.#look, journal: this.#journal, pause, isDryRun, leases: view.leases };
    const keeping = keepingOf(view, options);
    this.#leases = { ...shared, pods, store: leases, keeping, maxPercent, told: new ToldOnce() };
    this.#blocks = { ...shared, names: leases, store: blocks, told: new ToldOnce() };
    this.#idle = inlinePoolIdleMs === undefined ? undefined : new IdlePools(inlinePoolIdleMs);
    const idleMs = inlinePoolIdleMs ?? 0;
    this.#idleRemoval = { ...shared, names: leases, store: pools, idleMs, told: new ToldOnce() };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, mode, meter, onHeld, lostNodeGraceMs = GARBAGE_PACE.roundMs } = this.#options;
    const roundMs = Math.min(GARBAGE_PACE.roundMs, lostNodeGraceMs);
    if (mode === "off") onHeld(NOTHING_HELD);
    while (!signal.aborted) {
      if (mode !== "off") await this.#tryRound(signal);
      await clock.sleep(roundMs, signal);
    }
    meter.garbageBraked(false);
  }

  async #tryRound(signal: AbortSignal): Promise<void> {
    const { meter } = this.#options;
    try {
      const round = await this.#round(signal);
      this.#tellHeld(round);
      meter.garbageBraked(round.held !== undefined || this.#wasHeld(round));
      meter.garbageRoundEnded(round.held === undefined ? "done" : "braked");
    } catch (error) {
      if (signal.aborted) return;
      meter.garbageRoundEnded("failed");
      this.#journal.failed("a round", error);
    }
  }

  /** A dry run writes nothing, so no pool says anything of it. */
  #tellHeld({ held, undecided }: Round): void {
    const { mode, maxPercent, onHeld } = this.#options;
    if (mode === "dry-run") return onHeld(NOTHING_HELD);
    onHeld({ messages: held === undefined ? new Map() : describeHeld(held, maxPercent), undecided });
  }

  /** What an earlier leader has found holds until this one can tell: nobody is to think that it is over. */
  #wasHeld({ undecided }: Round): boolean {
    if (this.#options.mode === "dry-run") return false;
    return [...undecided].some((pool) => {
      const conditions = this.#view.pools.get(pool)?.pool.status?.conditions ?? [];
      return conditions.some(({ type, status }) => type === "GarbageHeld" && status === "True");
    });
  }

  async #round(signal: AbortSignal): Promise<Round> {
    const { leases, pools } = this.#view;
    const idle = this.#idle?.look(pools, leases, this.#look.nowMs()) ?? [];
    await removeIdlePools(idle, this.#idleRemoval, signal);
    const blocks = this.#view.blocks();
    const names = new Set([...leases.nodes(), ...blocks.map(({ node }) => node)]);
    // Of leases that nobody is attached to.
    names.delete("");
    const { lost, absent } = await lostAmong(names, this.#look, signal);
    const undecided = this.#undecidedPools(absent);
    const held = await releaseLostLeases(lost, this.#leases, signal);
    if (held === undefined) await returnLostBlocks(lost, { ...this.#blocks, blocks }, signal);
    return { held, undecided };
  }

  /** A node that is missed later than at the first look is none that an earlier leader has spoken of. */
  #undecidedPools(absent: readonly AbsentNode[]): ReadonlySet<string> {
    this.#firstLookMs ??= this.#look.nowMs();
    const firstLookMs = this.#firstLookMs;
    const before = absent.filter(({ sinceMs }) => sinceMs <= firstLookMs);
    return new Set(before.flatMap(({ name }) => [...this.#view.leases.ofNode(name)].map(({ pool }) => pool)));
  }
}

/** As a node's agent finds out for how long an address is kept, but for the pools, which the view has. */
function keepingOf(view: GarbageView, { pods, date, log }: GarbageOptions): PoolKeeping {
  return new PoolKeeping({
    pods,
    date,
    poolOf: (name) => Promise.resolve(view.pools.get(name)?.pool),
    onUnreadablePool: (pool, err) => log.warn({ err, pool }, "pool cannot be read: its addresses are free at once"),
    onUnreadablePod: (pod, err) =>
      log.warn({ err, pod }, "pod cannot be read: its name decides whether its address is kept"),
  });
}
