import { describe, expect, it, onTestFinished } from "vitest";
import { Informer } from "./informer.ts";
import { FakeCollection, NO_ANSWER, refusal, settled } from "./testing/index.ts";
import {
  always,
  askedOf,
  copyOf,
  decodeText,
  type InformerSubject,
  informerSubject,
  startWatching,
  truthOf,
  UNREADABLE,
} from "./testing/informer-subject.ts";

function subject(...names: readonly string[]): InformerSubject {
  const made = informerSubject(...names);
  onTestFinished(() => made.informer.close());
  return made;
}

async function started(...names: readonly string[]): Promise<InformerSubject> {
  const made = subject(...names);
  await startWatching(made);
  return made;
}

describe("an informer that starts", () => {
  it("lists page by page, then watches from the version of the list", async () => {
    const made = subject("a", "b", "c", "d");
    expect(made.informer).toMatchObject({ isSynced: false, lastSyncAt: undefined, size: 0 });
    made.informer.start();
    await made.informer.synced;
    expect(made.heard).toEqual(["+a=1", "+b=1", "+c=1", "+d=1"]);
    expect(made.noted).toEqual(["listed 4"]);
    expect(made.informer).toMatchObject({ isSynced: true, lastSyncAt: new Date(0), size: 4 });
    expect(made.informer.get("c")).toMatchObject({ kind: "object", value: "1", resourceVersion: "4" });
    await settled();
    expect(askedOf(made)).toEqual(["list", "list 5:d", "watch 5"]);
  });

  it("asks for bookmarks, its selectors and an end within 5 to 10 minutes", async () => {
    const seconds: string[] = [];
    for (const random of [0, 0.999]) {
      const client = new FakeCollection();
      const query = { labelSelector: "a=b", fieldSelector: "c=d" };
      const informer = new Informer({ client, path: "/things", query, decode: decodeText, random: () => random });
      onTestFinished(() => informer.close());
      informer.start();
      await informer.synced;
      await settled();
      expect(client.requests[0]?.query).toEqual({ ...query, limit: "500" });
      expect(client.requests[1]?.query).toMatchObject({ ...query, watch: "true", allowWatchBookmarks: "true" });
      seconds.push(client.requests[1]?.query?.["timeoutSeconds"] ?? "");
    }
    expect(seconds).toEqual(["300", "600"]);
  });

  it("goes on with the page that failed, with growing pauses, for ever", async () => {
    const made = subject("a", "b", "c", "d");
    made.server.meet(
      always(undefined),
      always(NO_ANSWER),
      always(refusal(500)),
      always(refusal(403)),
      always(refusal(401)),
    );
    made.informer.start();
    await made.clock.advance(3_500);
    expect(made.informer.isSynced).toBe(false);
    await made.clock.advance(4_000);
    expect(made.noted).toEqual([
      "read unreachable, 500 ms",
      "read refused, 1000 ms",
      "read refused, 2000 ms",
      "read refused, 4000 ms",
      "listed 4",
    ]);
    expect(askedOf(made)).toEqual(["list", ...Array.from({ length: 5 }, () => "list 5:d"), "watch 5"]);
  });

  it("never pauses for longer than half a minute of its own accord, nor a minute when asked to", async () => {
    const made = subject("a");
    made.server.meet(...Array.from({ length: 9 }, () => always(NO_ANSWER)));
    made.server.meet(always(refusal(429, 45_000)), always(refusal(429, 3_600_000)));
    made.informer.start();
    await made.clock.advance(10 * 60_000);
    expect(made.noted.slice(-4)).toEqual([
      "read unreachable, 30000 ms",
      "read refused, 45000 ms",
      "read refused, 60000 ms",
      "listed 1",
    ]);
  });

  it("lists anew when the server has forgotten the pages", async () => {
    const made = subject("a", "b", "c", "d");
    made.server.meet(
      () => undefined,
      () => {
        made.server.remove("a");
        made.server.put("e", "1");
        made.server.compact();
        return undefined;
      },
    );
    made.informer.start();
    await made.clock.advance(1_000);
    expect(askedOf(made)).toEqual(["list", "list 5:d", "list", "list 7:e", "watch 7"]);
    expect(copyOf(made)).toEqual(truthOf(made));
    expect(made.heard).toEqual(["+a=1", "+b=1", "+c=1", "+d=1", "+e=1", "-a"]);
  });

  it.each([
    ["HTML", "<html>"],
    ["an empty object", "{}"],
    ["a list without objects", '{"kind":"ThingList","metadata":{"resourceVersion":"7"}}'],
    ["a list without a version", '{"kind":"ThingList","metadata":{},"items":[]}'],
    ["an object without a name", '{"kind":"ThingList","metadata":{"resourceVersion":"7"},"items":[{"metadata":{}}]}'],
    ["null", "null"],
  ])("takes %s for no list", async (_title, body) => {
    const made = subject("a");
    made.server.meet(always({ kind: "answered", status: 200, body }));
    made.informer.start();
    await made.clock.advance(1_000);
    expect(made.noted).toEqual(["read garbled, 500 ms", "listed 1"]);
  });

  it("takes null for no objects, as servers write it", async () => {
    const made = subject();
    const body = '{"kind":"ThingList","metadata":{"resourceVersion":"1"},"items":null}';
    made.server.meet(always({ kind: "answered", status: 200, body }));
    made.informer.start();
    await made.informer.synced;
    expect(made.informer.size).toBe(0);
  });
});

describe("an informer that watches", () => {
  it("tells of what is added, changed and deleted, in order", async () => {
    const made = await started("a");
    made.server.put("b", "1");
    made.server.put("a", "2");
    made.server.put("b", "2");
    made.server.remove("b");
    expect(made.heard).toEqual(["+b=1", "~a=1>2", "~b=1>2", "-b"]);
    expect(copyOf(made)).toEqual(truthOf(made));
  });

  it("knows when it was last in step, from events and bookmarks", async () => {
    const made = await started();
    await made.clock.advance(1_000);
    made.server.put("a", "1");
    expect(made.informer.lastSyncAt).toEqual(new Date(1_000));
    await made.clock.advance(1_000);
    made.server.bookmark();
    expect(made.informer.lastSyncAt).toEqual(new Date(2_000));
  });

  it("goes on at once from the last event or bookmark when the time of a watch is over, and lists nothing", async () => {
    const made = await started("a");
    made.server.put("a", "2");
    made.server.touchOther();
    made.server.bookmark();
    await made.clock.advance(300_000);
    made.server.endWatches();
    await settled();
    made.server.put("a", "3");
    expect(askedOf(made)).toEqual(["where", "watch 4"]);
    expect(made.noted).toEqual(["watch closed, 0 ms"]);
    expect(made.heard).toEqual(["~a=1>2", "~a=2>3"]);
  });

  it("misses nothing that happens between two watches, and hears nothing twice", async () => {
    const made = await started("a", "b");
    made.server.put("c", "1");
    made.server.endWatches(NO_ANSWER);
    made.server.put("a", "2");
    made.server.remove("b");
    await made.clock.advance(1_000);
    expect(made.heard).toEqual(["+c=1", "~a=1>2", "-b"]);
    expect(copyOf(made)).toEqual(truthOf(made));
  });

  it("passes on an object that it cannot decode, and when it can again", async () => {
    const made = await started("a");
    made.server.put("a", UNREADABLE);
    expect(made.informer.get("a")).toMatchObject({ kind: "unreadable", cause: { message: "not to be understood" } });
    made.server.put("a", "3");
    made.server.put("b", UNREADABLE);
    made.server.remove("b");
    expect(made.heard).toEqual(["~a=1>unreadable", "~a=unreadable>3", "+b=unreadable", "-b"]);
    expect(made.noted).toEqual([]);
  });

  it("goes on when a handler throws, and tells the other ones", async () => {
    const made = subject("a");
    made.informer.subscribe({
      added: () => {
        throw new Error("oops");
      },
    });
    const later: string[] = [];
    made.informer.subscribe({ added: ({ key }) => later.push(key) });
    made.informer.start();
    await made.informer.synced;
    expect(made.noted).toEqual(["oops", "listed 1"]);
    expect(later).toEqual(["a"]);
  });

  it("tells a handler that comes later of all there is, and one that has gone nothing more", async () => {
    const made = await started("a", "b");
    const later: string[] = [];
    const end = made.informer.subscribe({ added: ({ key }) => later.push(key) });
    made.server.put("c", "1");
    end();
    made.server.put("d", "1");
    expect(later).toEqual(["a", "b", "c"]);
  });

  it("ignores an event that it has had", async () => {
    const made = await started("a");
    made.server.put("a", "2");
    const [object] = made.server.objects;
    made.server.send(JSON.stringify({ type: "MODIFIED", object }));
    expect(made.heard).toEqual(["~a=1>2"]);
    expect(made.server.watching).toBe(1);
  });
});

describe("an informer that is closed", () => {
  it("ends its watch, and hears nothing more", async () => {
    const made = await started("a");
    await made.informer.close();
    made.server.put("b", "1");
    expect(made.server.watching).toBe(0);
    expect(made.heard).toEqual([]);
    expect(made.noted).toEqual([]);
    expect(made.informer.size).toBe(1);
  });

  it("ends while it lists in vain, and says so to who waits", async () => {
    const made = subject("a");
    made.server.meet(always(NO_ANSWER));
    made.informer.start();
    await settled();
    await made.informer.close();
    await expect(made.informer.synced).rejects.toThrow("the informer is closed");
    expect(made.clock.sleeping).toBe(0);
  });

  it("can be closed before it has started", async () => {
    const made = subject();
    await made.informer.close();
    await expect(made.informer.synced).rejects.toThrow("closed");
  });
});
