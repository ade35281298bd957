import type { StreamEnding, StreamRequest } from "@cluster-ipam/kube";
import type { Dice } from "./chance.ts";
import type { ChangeFeed, FeedEvent, WireObject } from "./change-feed.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

/** What a watch goes through. */
export interface WatchParts {
  readonly actor: Actor;
  readonly time: VirtualTime;
  readonly feed: ChangeFeed;
  readonly dice: Dice;
  /** How far it is behind, now. */
  readonly lagMs: () => number;
  /** Share of such watches that end early. */
  readonly cutShare: number;
  /** The process has been told of this object, now. */
  readonly told: (object: WireObject) => void;
}

/** A watch that ends early does so within that time. */
const CUT_WITHIN_MS = 60_000;
const MS_PER_S = 1_000;
const BROKEN: StreamEnding = { kind: "failed", cause: new Error("broken off"), isSent: true };
const EXPIRED = JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } });

/** One watch: what it tells is late, and in the order in which it happened. */
export class SimulatedWatch {
  /** How it has ended. */
  readonly ending: Promise<StreamEnding>;
  readonly #parts: WatchParts;
  readonly #onLine: StreamRequest["onLine"];
  readonly #resolve: (ending: StreamEnding) => void;
  readonly #stop: () => void;
  #isOpen = true;
  #toldAtMs = 0;

  constructor({ query, onLine, signal }: StreamRequest, parts: WatchParts) {
    this.#parts = parts;
    this.#onLine = onLine;
    ({ promise: this.ending, resolve: this.#resolve } = Promise.withResolvers<StreamEnding>());
    const { feed } = parts;
    const stopListening = feed.subscribe((event) => this.#send(event));
    const timeout = this.#scheduleEnd(Number(query?.["timeoutSeconds"]) * MS_PER_S);
    this.#stop = () => {
      stopListening();
      timeout.cancel();
    };
    for (const event of feed.since(Number(query?.["resourceVersion"]))) this.#send(event);
    signal?.addEventListener("abort", () => this.#end(BROKEN), { once: true });
  }

  #scheduleEnd(lastsMs: number): { cancel(): void } {
    const { actor, time, dice, cutShare } = this.#parts;
    const isCut = dice.happens(cutShare);
    const cut = dice.pick([() => this.#end({ kind: "ended" }), () => this.#end(BROKEN), () => this.#expire()]);
    const cutMs = dice.between(0, CUT_WITHIN_MS);
    return isCut ? time.schedule(actor, cutMs, cut) : time.schedule(actor, lastsMs, () => this.#end({ kind: "ended" }));
  }

  #send(event: FeedEvent): void {
    const { actor, time, dice, lagMs } = this.#parts;
    if (!actor.isAlive) return this.#stop();
    const lateMs = lagMs() + dice.between(0.3, dice.pick([2, 2, 15]));
    this.#toldAtMs = Math.max(this.#toldAtMs, time.nowMs + lateMs);
    time.schedule(actor, this.#toldAtMs - time.nowMs, () => this.#tell(event));
  }

  #tell({ type, object }: FeedEvent): void {
    if (!this.#isOpen) return;
    if (type !== "DELETED") this.#parts.told(object);
    this.#line(JSON.stringify({ type, object }));
  }

  #line(text: string): void {
    try {
      this.#onLine(text);
    } catch {
      this.#end(BROKEN);
    }
  }

  #expire(): void {
    this.#line(EXPIRED);
    this.#end({ kind: "ended" });
  }

  #end(ending: StreamEnding): void {
    this.#isOpen = false;
    this.#stop();
    this.#resolve(ending);
  }
}
