import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Informer } from "./informer.ts";
import { type InformerMeter, NO_INFORMER_METER } from "./informer-meter.ts";
import type { CachedObject, ObjectHandler } from "./object-cache.ts";
import { FakeCollection, ManualClock, NO_ANSWER, refusal, settled } from "./testing/index.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;
const HOUR_MS = 3_600_000;

/** One thing that happens to the server, or on the way to it. */
type Step =
  | { readonly do: "put" | "remove"; readonly name: string; readonly text: string }
  | { readonly do: "bookmark" | "touch" | "compact" | "end" | "break" | "silence" | "garble" | "cut" }
  | { readonly do: "refuse"; readonly status: number }
  | { readonly do: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("put"), name: fc.constantFrom(...NAMES), text: fc.string() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("remove"), name: fc.constantFrom(...NAMES), text: fc.constant("") }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("bookmark", "touch", "compact", "end", "break", "silence", "garble", "cut"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("refuse"), status: fc.constantFrom(0, 401, 403, 404, 410, 429, 500) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.integer({ min: 0, max: 60_000 }) }) },
) as fc.Arbitrary<Step>;

function happen(server: FakeCollection, happening: Exclude<Step, { readonly do: "wait" }>): void {
  if (happening.do === "put") return server.put(happening.name, happening.text);
  if (happening.do === "remove") return server.remove(happening.name);
  if (happening.do === "refuse")
    return server.meet(() => (happening.status === 0 ? NO_ANSWER : refusal(happening.status)));
  const events = {
    bookmark: () => server.bookmark(),
    touch: () => server.touchOther(),
    compact: () => server.compact(),
    end: () => server.endWatches(),
    break: () => server.endWatches(NO_ANSWER),
    silence: () => server.endWatches({ kind: "silent" }),
    garble: () => server.send('{"type":"MODIF'),
    cut: () => server.meet(() => ({ kind: "answered", status: 200, body: '{"kind":"ThingList","ite' })),
  } as const;
  events[happening.do]();
}

/** An object in a version, or its end. */
function stateOf(name: string, version: string): string {
  return `${name}@${version}`;
}

/** What a handler is told, checked against what it was told before. */
class Witness implements ObjectHandler<unknown> {
  readonly told: string[] = [];
  readonly #alive = new Map<string, string>();

  get alive(): readonly string[] {
    return [...this.#alive].map(([key, version]) => stateOf(key, version)).toSorted();
  }

  readonly added = ({ key, resourceVersion }: CachedObject<unknown>): void => {
    expect(this.#alive.has(key)).toBe(false);
    this.#set(key, resourceVersion);
  };

  readonly changed = ({ key, resourceVersion }: CachedObject<unknown>, before: CachedObject<unknown>): void => {
    expect(this.#alive.get(key)).toBe(before.resourceVersion);
    expect(Number(resourceVersion)).toBeGreaterThan(Number(before.resourceVersion));
    this.#set(key, resourceVersion);
  };

  readonly deleted = ({ key }: CachedObject<unknown>): void => {
    expect(this.#alive.delete(key)).toBe(true);
    this.told.push(stateOf(key, "end"));
  };

  #set(key: string, version: string): void {
    this.#alive.set(key, version);
    this.told.push(stateOf(key, version));
  }
}

interface Story {
  readonly server: FakeCollection;
  readonly witness: Witness;
  readonly informer: Informer<number>;
  /** How much had been told when the first list was through. */
  readonly toldByList: number;
  readonly lists: number;
  readonly failures: readonly Error[];
  /** All that has happened to objects, with the server's version. */
  readonly history: readonly { readonly version: number; readonly state: string }[];
}

async function play(steps: readonly Step[], random: () => number): Promise<Story> {
  const server = new FakeCollection();
  const clock = new ManualClock();
  const witness = new Witness();
  const history: { version: number; state: string }[] = [];
  const failures: Error[] = [];
  const listedAt: number[] = [];
  const meter: InformerMeter = {
    ...NO_INFORMER_METER,
    listed: () => listedAt.push(witness.told.length),
    handlerFailed: (error) => failures.push(error),
  };
  const informer = new Informer({ client: server, path: "/t", decode: () => 0, pageSize: 2, clock, meter, random });
  informer.subscribe(witness);
  informer.start();
  for (const each of steps) {
    const before = server.version;
    if (each.do === "wait") await clock.advance(each.ms);
    else happen(server, each);
    const { version } = server;
    if (each.do === "put") history.push({ version, state: stateOf(each.name, String(version)) });
    if (each.do === "remove" && version > before) history.push({ version, state: stateOf(each.name, "end") });
    await settled();
  }
  await clock.advance(HOUR_MS);
  return { server, witness, informer, toldByList: listedAt[0] ?? 0, lists: listedAt.length, failures, history };
}

describe("an informer under random faults", () => {
  it("ends with what the server has, having told of each object's life in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer(), async (steps, seed) => {
        const { server, witness, informer, failures } = await play(steps, seeded(seed));
        expect(failures).toEqual([]);
        const copy = [...informer.values()].map(({ key, resourceVersion }) => stateOf(key, resourceVersion));
        const truth = server.objects.map(({ metadata }) => stateOf(metadata.name, metadata.resourceVersion));
        expect(copy.toSorted()).toEqual(truth);
        expect(witness.alive).toEqual(truth);
        await informer.close();
        expect(server.watching).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("has told of every single change since its list, once and in order, where nothing was forgotten", async () => {
    const unforgetting = step.filter(({ do: kind }) => kind !== "compact" && kind !== "garble" && kind !== "refuse");
    await fc.assert(
      fc.asyncProperty(fc.array(unforgetting, { maxLength: 60 }), fc.integer(), async (steps, seed) => {
        const { server, witness, informer, toldByList, lists, history } = await play(steps, seeded(seed));
        const watch = server.requests.find(({ query }) => query?.["watch"] === "true");
        const listedVersion = Number(watch?.query?.["resourceVersion"]);
        expect(lists).toBe(1);
        const since = history.filter(({ version }) => version > listedVersion).map(({ state }) => state);
        expect(witness.told.slice(toldByList)).toEqual(since);
        await informer.close();
      }),
      { numRuns: 300 },
    );
  });
});

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
