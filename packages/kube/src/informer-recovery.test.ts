import { describe, expect, it, onTestFinished } from "vitest";
import { NO_ANSWER, refusal } from "./testing/index.ts";
import {
  always,
  askedOf,
  copyOf,
  type InformerSubject,
  informerSubject,
  LONG_MS,
  startWatching,
  truthOf,
} from "./testing/informer-subject.ts";

async function started(...names: readonly string[]): Promise<InformerSubject> {
  const made = informerSubject(...names);
  onTestFinished(() => made.informer.close());
  await startWatching(made);
  return made;
}

describe("an informer whose watch cannot be gone on with", () => {
  it("lists again after an ERROR event 410, and tells the difference", async () => {
    const made = await started("a", "b", "c", "d");
    made.server.endWatches(NO_ANSWER);
    made.server.put("a", "2");
    made.server.remove("b");
    made.server.put("e", "1");
    made.server.remove("c");
    made.server.put("c", "again");
    made.server.compact();
    await made.clock.advance(2_000);
    expect(made.heard).toEqual(["~a=1>2", "-c", "+c=again", "+e=1", "-b"]);
    expect(made.noted).toEqual(["watch broken, 500 ms", "watch expired, 1000 ms", "listed 4"]);
    expect(copyOf(made)).toEqual(truthOf(made));
  });

  it("lists again after a status 410", async () => {
    const made = await started("a");
    made.server.meet(always(undefined), always(refusal(410)));
    made.server.endWatches();
    await made.clock.advance(2_000);
    expect(askedOf(made)).toEqual(["where", "watch 2", "list", "watch 2"]);
    expect(made.heard).toEqual([]);
  });

  it("keeps its copy while the list is not whole", async () => {
    const made = await started("a", "b", "c", "d");
    made.server.endWatches(NO_ANSWER);
    for (const name of ["a", "b", "c", "d"]) made.server.remove(name);
    made.server.compact();
    made.server.meet(always(undefined), always(undefined), ...Array.from({ length: 5 }, () => always(refusal(503))));
    await made.clock.advance(5_000);
    expect(made.informer.size).toBe(4);
    await made.clock.advance(LONG_MS);
    expect(made.heard).toEqual(["-a", "-b", "-c", "-d"]);
  });

  it("lists again when the server has been put back to a backup, though it would let the watch go on", async () => {
    const made = await started("a", "b");
    for (let count = 0; count < 20; count += 1) made.server.put("a", "new");
    made.heard.length = 0;
    made.server.rewind(10, [
      ["a", "old"],
      ["z", "old"],
    ]);
    await made.clock.advance(1_000);
    expect(made.noted).toEqual(["watch broken, 500 ms", "watch rewound, 0 ms", "listed 2"]);
    expect(made.heard).toEqual(["-a", "+a=old", "+z=old", "-b"]);
    expect(copyOf(made)).toEqual(truthOf(made));
  });

  it("lists again when an event is older than the one before", async () => {
    const made = await started("a");
    made.server.put("a", "2");
    const object = { kind: "Thing", metadata: { name: "b", uid: "u", resourceVersion: "1" }, text: "1" };
    made.server.send(JSON.stringify({ type: "ADDED", object }));
    await made.clock.advance(1_000);
    expect(made.noted).toEqual(["watch rewound, 500 ms", "listed 1"]);
    expect(copyOf(made)).toEqual(truthOf(made));
  });

  it("goes back to the list when a line is garbled three times at one version, and not before", async () => {
    const made = await started("a");
    for (let count = 0; count < 3; count += 1) {
      made.server.send("<html>");
      await made.clock.advance(5_000);
    }
    expect(askedOf(made)).toEqual(["where", "watch 2", "where", "watch 2", "list", "watch 2"]);
    expect(made.noted.at(-1)).toBe("listed 1");
  });

  it("goes on from the same version whatever else ends a watch, however often", async () => {
    const made = await started("a");
    const endings = [refusal(401), refusal(403), refusal(404), refusal(429), refusal(503), NO_ANSWER];
    for (const ending of [...endings, ...endings]) made.server.meet(always(undefined), always(ending));
    made.server.endWatches();
    await made.clock.advance(20 * LONG_MS);
    expect(made.noted).not.toContain("listed 1");
    expect(made.noted).toHaveLength(1 + 2 * endings.length);
    expect(made.server.watching).toBe(1);
  });

  it("waits as long as a server that is too busy asks", async () => {
    const made = await started("a");
    made.server.meet(always(undefined), always(refusal(429, 7_000)));
    made.server.endWatches();
    await made.clock.advance(5_000);
    expect(made.noted).toEqual(["watch closed, 500 ms", "watch refused, 7000 ms"]);
  });

  it("asks in vain where the server is while there is none, and then goes on", async () => {
    const made = await started("a");
    made.server.endWatches(NO_ANSWER);
    made.server.meet(always(NO_ANSWER), always(refusal(500)), always({ kind: "answered", status: 200, body: "ok" }));
    made.server.put("a", "2");
    await made.clock.advance(LONG_MS);
    expect(made.noted.slice(1).map((note) => note.split(",")[0])).toEqual([
      "read unreachable",
      "read refused",
      "read garbled",
    ]);
    expect(made.heard).toEqual(["~a=1>2"]);
  });

  it("makes pauses between watches that end at once, and none that grow between those that bring something", async () => {
    const made = await started("a");
    for (let count = 0; count < 3; count += 1) {
      made.server.endWatches();
      await made.clock.advance(3_000);
    }
    expect(made.noted).toEqual(["watch closed, 500 ms", "watch closed, 1000 ms", "watch closed, 2000 ms"]);
    for (let count = 0; count < 3; count += 1) {
      made.server.put("a", String(count));
      made.server.endWatches(NO_ANSWER);
      await made.clock.advance(1_000);
    }
    expect(made.noted.slice(-3)).toEqual(Array.from({ length: 3 }, () => "watch broken, 500 ms"));
  });
});
