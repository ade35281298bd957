import { setTimeout as delay } from "node:timers/promises";
import type { RequestFate, SeenRequest } from "@cluster-ipam/test-integration";
import type { Dice } from "@cluster-ipam/test-model";
import type { Doubts } from "./doubts.ts";

/** What it raises doubts by. */
const DOUBT = "late requests";
/** How likely what happens to a request is. The rest passes. */
const SHARES = { dropped: 0.03, lost: 0.06, cut: 0.06, withheld: 0.01, late: 0.06 } as const;
/** A late request reaches the server so long after it was sent: before and long after its sender has given it up. */
const LATE = { minMs: 500, maxMs: 12_000 } as const;

/**
 * Bad weather between the agents and the API server: connections break before the server has heard of a request, after
 * it has carried it out, and in the middle of its answer; requests are carried out long after their sender gave them up,
 * or died.
 */
export class RequestWeather {
  readonly #dice: Dice;
  readonly #doubts: Doubts;
  #isBad = false;
  #late = 0;

  constructor(dice: Dice, doubts: Doubts) {
    this.#dice = dice;
    this.#doubts = doubts;
  }

  /** Number of requests that have not reached the server yet. */
  get late(): number {
    return this.#late;
  }

  /** The weather turns. What is late already stays so. */
  turn(weather: "bad" | "good"): void {
    this.#isBad = weather === "bad";
    if (this.#isBad) this.#doubts.raise(DOUBT);
    else this.#settle();
  }

  /** The fate of one request; undefined in good weather, and for most in bad. */
  fateOf({ method }: SeenRequest): RequestFate | undefined {
    if (!this.#isBad) return undefined;
    let drawn = this.#dice.random();
    const falls = (share: number): boolean => (drawn -= share) < 0;
    if (falls(SHARES.dropped)) return fate({ forward: async () => "drop" });
    if (falls(SHARES.lost)) return fate({ answer: "lose" });
    if (falls(SHARES.cut)) return fate({ answer: "cut" });
    if (falls(SHARES.withheld)) return fate({ answer: "withhold" });
    // A late read proves nothing.
    return method !== "GET" && falls(SHARES.late) ? fate({ forward: () => this.#beLate() }) : undefined;
  }

  async #beLate(): Promise<"pass"> {
    this.#late += 1;
    await delay(this.#dice.between(LATE.minMs, LATE.maxMs));
    this.#late -= 1;
    this.#settle();
    return "pass";
  }

  #settle(): void {
    if (!this.#isBad && this.#late === 0) this.#doubts.settle(DOUBT);
  }
}

function fate({
  forward = async () => "pass",
  answer = "pass",
}: {
  readonly forward?: () => Promise<"pass" | "drop">;
  readonly answer?: ReturnType<RequestFate["beforeAnswer"]>;
}): RequestFate {
  return { beforeForward: forward, beforeAnswer: () => answer };
}
