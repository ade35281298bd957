import fc from "fast-check";
import { expect, test } from "vitest";
import { ELECTION } from "./election-timing.ts";
import { MemoryLease } from "./testing/memory-lease.ts";
import { failed, type RequestFate, SimulatedReplica } from "./testing/simulated-replica.ts";
import { VirtualTime } from "./testing/virtual-time.ts";

/** Clocks may go so much too fast, where nobody's may go too slow: less than the figures allow. */
const RATE_MAX = 0.99 * (ELECTION.leaseDurationMs / ELECTION.renewDeadlineMs);
/** Longer than anything lasts that one election waits for. */
const RECOVERY_MS = 60_000;
const REPLICAS = 3;

type Weather = "fair" | "late" | "away" | "deaf" | "slow" | "mixed" | "refusing";

/** What happens to the world before it goes on for a while. */
type Happening =
  | { readonly kind: "weather"; readonly replica: number; readonly weather: Weather }
  | { readonly kind: "stop" | "go-on" | "kill" | "shut-down" | "start"; readonly replica: number }
  | { readonly kind: "remove" | "touch" };

/** One story: happenings, each with the time that passes after it, and how fast each clock goes. */
interface Story {
  readonly seed: number;
  readonly rates: readonly number[];
  readonly steps: readonly (readonly [Happening, number])[];
}

/** Replicas that something happens to, and the look at them after each event. */
class Election {
  readonly #time = new VirtualTime();
  readonly #lease = new MemoryLease();
  readonly #random: () => number;
  readonly #rates: readonly number[];
  readonly #replicas: SimulatedReplica[] = [];
  readonly #weather: Weather[] = [];
  #started = 0;

  constructor({ seed, rates }: Story) {
    this.#random = mulberry32(seed);
    this.#rates = rates;
    for (let index = 0; index < REPLICAS; index += 1) this.#start(index);
  }

  async happen(happening: Happening): Promise<void> {
    if (!("replica" in happening)) return happening.kind === "remove" ? this.#lease.remove() : this.#touch();
    const replica = this.#replicas[happening.replica];
    if (replica === undefined) return;
    switch (happening.kind) {
      case "weather":
        this.#weather[happening.replica] = happening.weather;
        return;
      case "stop":
        return replica.stop();
      case "go-on":
        return await replica.goOn(() => this.#look());
      case "kill":
        return replica.kill();
      case "shut-down":
        return replica.shutDown();
      case "start":
        replica.kill();
        return this.#start(happening.replica);
    }
  }

  async passTime(ms: number): Promise<void> {
    await this.#time.advance(ms, () => this.#look());
  }

  /** Everything works again, and there is somebody to lead: how many do. */
  async recover(): Promise<number> {
    for (let index = 0; index < REPLICAS; index += 1) {
      this.#weather[index] = "fair";
      await this.happen({ kind: "go-on", replica: index });
    }
    await this.happen({ kind: "start", replica: 0 });
    await this.passTime(RECOVERY_MS);
    return this.#replicas.filter(({ isLeading }) => isLeading).length;
  }

  #look(): void {
    const leading = this.#replicas.filter(({ isLeading }) => isLeading).map(({ identity }) => identity);
    expect(leading.length, `at ${this.#time.nowMs} ms ${leading.join(" and ")} lead`).toBeLessThanOrEqual(1);
  }

  #touch(): void {
    const { spec } = this.#lease;
    if (spec !== undefined) this.#lease.put(spec);
  }

  #start(index: number): void {
    this.#started += 1;
    const place = { time: this.#time, lease: this.#lease, random: this.#random };
    const replica = new SimulatedReplica(`r${index}-${this.#started}`, place, this.#rates[index]);
    replica.fate = () => this.#fate(this.#weather[index] ?? "fair");
    this.#replicas[index] = replica;
  }

  #fate(weather: Weather): RequestFate {
    const soonMs = this.#random() * 20;
    switch (weather) {
      case "fair":
        return { thereMs: soonMs, backMs: soonMs };
      case "late":
        // Just in time.
        return { thereMs: soonMs, backMs: this.#random() * 0.65 * ELECTION.requestTimeoutMs };
      case "away":
        return { thereMs: undefined, backMs: undefined };
      case "deaf":
        return { thereMs: soonMs, backMs: undefined };
      case "slow":
        // Long after anybody waits for it.
        return { thereMs: this.#random() * 40_000, backMs: soonMs };
      case "refusing":
        return { thereMs: soonMs, backMs: soonMs, answer: failed("503") };
      case "mixed":
        return this.#fate(
          (["fair", "late", "deaf", "slow", "away", "refusing"] as const)[Math.floor(this.#random() * 6)] ?? "fair",
        );
    }
  }
}

/** The same numbers for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function stories(): fc.Arbitrary<Story> {
  const replica = fc.nat({ max: REPLICAS - 1 });
  const weather = fc.constantFrom<Weather>("fair", "late", "away", "deaf", "slow", "mixed", "refusing");
  const happening = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("weather" as const), replica, weather }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom("stop", "go-on", "kill", "shut-down", "start"), replica }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("remove", "touch") }) },
  );
  const pauseMs = fc.oneof(fc.nat({ max: 3_000 }), fc.nat({ max: 20_000 }));
  return fc.record({
    seed: fc.nat(),
    rates: fc.array(fc.oneof(fc.constantFrom(1, RATE_MAX), fc.double({ min: 1, max: RATE_MAX, noNaN: true })), {
      minLength: REPLICAS,
      maxLength: REPLICAS,
    }),
    steps: fc.array(fc.tuple(happening, pauseMs), { maxLength: 30 }),
  });
}

test("never do two lead at one time, and once everything works one does", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(stories(), async (story) => {
      const election = new Election(story);
      for (const [happening, pauseMs] of story.steps) {
        await election.happen(happening);
        await election.passTime(pauseMs);
      }
      expect(await election.recover()).toBe(1);
    }),
    { numRuns: 300 },
  );
});
