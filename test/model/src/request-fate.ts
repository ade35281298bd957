import type { Chance, Dice } from "./chance.ts";

/** What becomes of one request to the API server. */
export interface Fate {
  /** When it reaches the server; undefined: never. */
  readonly arrivesAfterMs: number | undefined;
  /** How long the answer takes from there; undefined: it is lost. */
  readonly returnsAfterMs: number | undefined;
  /** The server says no for good, and does nothing. */
  readonly isRefused: boolean;
}

/** Something that happened to a request: its key, by which it can be left out of a story, and what it was in words. */
export interface Fault {
  readonly key: string;
  readonly text: string;
}

/** A kube-apiserver ends a request by itself after so long: nothing of it happens later. */
const SERVER_TIMEOUT_MS = 60_000;

/** Decides what happens to each request. */
export class Fates {
  readonly #chance: Chance;
  readonly #faultShare: number;
  readonly #mayHappen: (key: string) => boolean;
  readonly #counts = new Map<string, number>();
  #isHealed = false;
  /** What has happened to requests so far. */
  readonly faults: Fault[] = [];

  /** @param mayHappen whether the fault of that key may happen */
  constructor(chance: Chance, faultShare: number, mayHappen: (key: string) => boolean) {
    this.#chance = chance;
    this.#faultShare = faultShare;
    this.#mayHappen = mayHappen;
  }

  /** Nothing happens to requests any more. */
  heal(): void {
    this.#isHealed = true;
  }

  /** Take-overs and what controllers take are few: more of them are disturbed, or a run would hardly ever meet one. */
  #shareOf(request: string): number {
    const isRare = request.includes(": replace ") || /^controller \d+: delete /.test(request);
    return isRare ? Math.min(1, 3 * this.#faultShare) : this.#faultShare;
  }

  /** The fate of the next request of that kind, which is told in words. */
  next(request: string, isWrite: boolean): { readonly fate: Fate; readonly fault: Fault | undefined } {
    const count = (this.#counts.get(request) ?? 0) + 1;
    this.#counts.set(request, count);
    const key = `${request} #${count}`;
    const dice = this.#chance.of(key);
    const ordinary: Fate = { arrivesAfterMs: latency(dice), returnsAfterMs: latency(dice), isRefused: false };
    const isDisturbed = dice.happens(this.#shareOf(request)) && !this.#isHealed && this.#mayHappen(key);
    if (!isDisturbed) return { fate: ordinary, fault: undefined };
    const { fate, text } = disturbed(dice, ordinary, isWrite);
    const fault = { key, text: `${request}: ${text}` };
    this.faults.push(fault);
    return { fate, fault };
  }
}

function latency(dice: Dice): number {
  return dice.between(0.3, dice.pick([2, 2, 15]));
}

function disturbed(dice: Dice, ordinary: Fate, isWrite: boolean): { readonly fate: Fate; readonly text: string } {
  const kind = dice.pick(isWrite ? WRITE_FAULTS : READ_FAULTS);
  switch (kind) {
    case "lost":
      return { fate: { ...ordinary, arrivesAfterMs: undefined }, text: "the request is lost" };
    case "answer-lost":
      return { fate: { ...ordinary, returnsAfterMs: undefined }, text: "its answer is lost" };
    case "late": {
      const arrivesAfterMs = dice.between(4_000, dice.pick([6_000, SERVER_TIMEOUT_MS]));
      return { fate: { ...ordinary, arrivesAfterMs }, text: `it is done only after ${seconds(arrivesAfterMs)}` };
    }
    case "slow": {
      const arrivesAfterMs = dice.between(50, 3_900);
      return { fate: { ...ordinary, arrivesAfterMs }, text: `it takes ${seconds(arrivesAfterMs)} to get there` };
    }
    case "slow-answer": {
      const returnsAfterMs = dice.between(50, 3_900);
      return { fate: { ...ordinary, returnsAfterMs }, text: `its answer takes ${seconds(returnsAfterMs)}` };
    }
    case "refused":
      return { fate: { ...ordinary, isRefused: true }, text: "the server refuses it (403)" };
  }
}

const WRITE_FAULTS = ["lost", "answer-lost", "late", "late", "slow", "slow", "slow-answer", "refused"] as const;
const READ_FAULTS = ["lost", "answer-lost", "slow", "slow-answer"] as const;

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
