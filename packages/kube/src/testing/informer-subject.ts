import { Informer } from "../informer.ts";
import { type InformerMeter, NO_INFORMER_METER } from "../informer-meter.ts";
import type { CachedObject } from "../object-cache.ts";
import { FakeCollection, type Fate } from "./fake-collection.ts";
import { ManualClock, settled } from "./manual-clock.ts";

const PAGE_SIZE = 3;

/** The text of an object that cannot be decoded. */
export const UNREADABLE = "???";
/** Longer than the longest pause of an informer after a failure. */
export const LONG_MS = 31_000;

/** An informer of a server in memory, and all that it tells. */
export interface InformerSubject {
  readonly server: FakeCollection;
  readonly informer: Informer<string>;
  readonly clock: ManualClock;
  /** What a handler has heard: `+name=text`, `~name=text>text`, `-name`. */
  readonly heard: string[];
  /** What the meter has heard. */
  readonly noted: string[];
}

/** Makes an informer, not started yet, and a server with objects of these names. */
export function informerSubject(...names: readonly string[]): InformerSubject {
  const server = new FakeCollection();
  for (const name of names) server.put(name, "1");
  const clock = new ManualClock();
  const heard: string[] = [];
  const noted: string[] = [];
  const meter: InformerMeter = {
    ...NO_INFORMER_METER,
    listed: (objects) => noted.push(`listed ${objects}`),
    readFailed: ({ kind }, pauseMs) => noted.push(`read ${kind}, ${pauseMs} ms`),
    watchEnded: ({ kind }, pauseMs) => noted.push(`watch ${kind}, ${pauseMs} ms`),
    handlerFailed: ({ message }) => noted.push(message),
  };
  const date = (): Date => new Date(clock.nowMs());
  const options = { path: "/things", decode: decodeText, pageSize: PAGE_SIZE, clock, date, meter, random: () => 0 };
  const informer = new Informer({ client: server, ...options });
  informer.subscribe({
    added: (object) => heard.push(`+${object.key}=${contentOf(object)}`),
    changed: (object, before) => heard.push(`~${object.key}=${contentOf(before)}>${contentOf(object)}`),
    deleted: (object) => heard.push(`-${object.key}`),
  });
  return { server, informer, clock, heard, noted };
}

/** Starts an informer, waits until it watches, and forgets what was told and asked until then. */
export async function startWatching({ informer, server, heard, noted }: InformerSubject): Promise<void> {
  informer.start();
  await informer.synced;
  await settled();
  heard.length = 0;
  noted.length = 0;
  server.requests.length = 0;
}

/** The text of an object. @throws Error for {@link UNREADABLE} */
export function decodeText(object: unknown): string {
  const { text } = object as { readonly text: string };
  if (text === UNREADABLE) throw new Error("not to be understood");
  return text;
}

/** What the informer has: `<name>@<version>`. */
export function copyOf({ informer }: InformerSubject): readonly string[] {
  return [...informer.values()].map((object) => `${object.key}@${object.resourceVersion}`).toSorted();
}

/** What the server has. */
export function truthOf({ server }: InformerSubject): readonly string[] {
  return server.objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
}

/** The requests so far, in words. */
export function askedOf({ server }: InformerSubject): readonly string[] {
  return server.requests.map(({ query }) => {
    if (query?.["watch"] === "true") return `watch ${query["resourceVersion"]}`;
    return query?.["limit"] === "1" ? "where" : `list ${query?.["continue"] ?? ""}`.trim();
  });
}

/** The same fate for every request. */
export function always(ending: ReturnType<Fate>): Fate {
  return () => ending;
}

function contentOf(object: CachedObject<string>): string {
  return object.kind === "object" ? object.value : object.kind;
}
