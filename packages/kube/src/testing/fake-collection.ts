import type { KubeAnswer, KubeRequest } from "../kube-request.ts";
import type { StreamEnding, StreamRequest } from "../line-stream.ts";

/** An object of a {@link FakeCollection}. */
export interface FakeObject {
  readonly kind: "Thing";
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly text: string;
}

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: FakeObject;
}

interface OpenStream {
  /** Up to which version it has been told; the server's own, not the client's. */
  version: number;
  readonly send: (line: string) => void;
  readonly end: (ending: StreamEnding) => void;
}

/** What becomes of one request, instead of what would: an answer, or, for a stream, its ending. */
export type Fate = (request: Pick<KubeRequest, "path" | "query">) => StreamEnding | undefined;

/** An answer of the API server that is no success (`Status` of meta/v1). */
export function refusal(code: number, retryAfterMs?: number): KubeAnswer {
  const body = JSON.stringify({ kind: "Status", status: "Failure", code, message: `status ${code}` });
  const answer = { kind: "answered", status: code, body } as const;
  return retryAfterMs === undefined ? answer : { ...answer, retryAfterMs };
}

/** No answer. */
export const NO_ANSWER: KubeAnswer = { kind: "failed", cause: new Error("connect ECONNREFUSED"), isSent: false };

/**
 * One list of objects of an API server, in memory, with its history: pages of one state, watches that go on from a
 * version, bookmarks, 410 after {@link compact}. It stands for a client of such a server.
 */
export class FakeCollection {
  /** Every request so far, in order. */
  readonly requests: Pick<KubeRequest, "path" | "query">[] = [];
  readonly #objects = new Map<string, FakeObject>();
  readonly #streams = new Set<OpenStream>();
  readonly #snapshots = new Map<string, { readonly version: number; readonly rest: readonly FakeObject[] }>();
  #changes: Change[] = [];
  #version = 1;
  #compactedTo = 0;
  #created = 0;
  #fates: Fate[] = [];

  /** What there is, in the order of names. */
  get objects(): readonly FakeObject[] {
    return [...this.#objects.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Watches that are open. */
  get watching(): number {
    return this.#streams.size;
  }

  get version(): number {
    return this.#version;
  }

  /** Creates an object, or changes the one that is there. */
  put(name: string, text: string): void {
    const before = this.#objects.get(name);
    const uid = before?.metadata.uid ?? `uid-${++this.#created}`;
    this.#change(before === undefined ? "ADDED" : "MODIFIED", { name, uid, text });
  }

  /** Deletes an object, if it is there. */
  remove(name: string): void {
    const before = this.#objects.get(name);
    if (before !== undefined) this.#change("DELETED", { name, uid: before.metadata.uid, text: before.text });
  }

  /** Something else of the server has changed: the version moves on. */
  touchOther(): void {
    this.#version += 1;
  }

  /** Tells each watch where the server is. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version) };
    this.send(JSON.stringify({ type: "BOOKMARK", object: { kind: "Thing", metadata } }));
  }

  /** Sends a line to each watch, whatever it is. */
  send(line: string): void {
    for (const stream of this.#streams) stream.send(line);
  }

  /** Forgets all states but the present one. */
  compact(): void {
    this.#compactedTo = this.#version;
    this.#changes = [];
    this.#snapshots.clear();
  }

  /** Ends every watch. */
  endWatches(ending: StreamEnding = { kind: "ended" }): void {
    for (const stream of this.#streams) stream.end(ending);
  }

  /** A backup of this many versions ago is restored, with the objects given: each watch breaks. */
  rewind(version: number, objects: readonly (readonly [name: string, text: string])[]): void {
    this.endWatches(NO_ANSWER);
    this.#objects.clear();
    this.#version = version - objects.length;
    for (const [name, text] of objects) this.put(name, text);
    this.compact();
  }

  /** What becomes of the next requests, one each; where it returns undefined, what would. */
  meet(...fates: readonly Fate[]): void {
    this.#fates.push(...fates);
  }

  readonly request = async (request: KubeRequest): Promise<KubeAnswer> => {
    const fate = this.#meet(request);
    if (fate?.kind === "answered" || fate?.kind === "failed") return fate;
    return this.#page(request.query?.["continue"], Number(request.query?.["limit"]));
  };

  readonly stream = (request: StreamRequest): Promise<StreamEnding> => {
    const fate = this.#meet(request);
    if (fate !== undefined) return Promise.resolve(fate);
    return new Promise((resolve) => this.#open(request, resolve));
  };

  #meet({ path, query }: Pick<KubeRequest, "path" | "query">): StreamEnding | undefined {
    const request = query === undefined ? { path } : { path, query };
    this.requests.push(request);
    return this.#fates.shift()?.(request);
  }

  #change(type: Change["type"], { name, uid, text }: { name: string; uid: string; text: string }): void {
    this.#version += 1;
    const object: FakeObject = {
      kind: "Thing",
      metadata: { name, uid, resourceVersion: String(this.#version) },
      text,
    };
    if (type === "DELETED") this.#objects.delete(name);
    else this.#objects.set(name, object);
    this.#changes.push({ version: this.#version, type, object });
    for (const stream of this.#streams) this.#catchUp(stream);
  }

  #page(token: string | undefined, limit: number): KubeAnswer {
    const { version, rest } =
      token === undefined ? { version: this.#version, rest: this.objects } : this.#resume(token);
    if (rest === undefined) return refusal(410);
    const next = `${version}:${rest[limit]?.metadata.name}`;
    if (rest.length > limit) this.#snapshots.set(next, { version, rest: rest.slice(limit) });
    const metadata = { resourceVersion: String(version), ...(rest.length > limit ? { continue: next } : {}) };
    const body = JSON.stringify({ kind: "ThingList", metadata, items: rest.slice(0, limit) });
    return { kind: "answered", status: 200, body };
  }

  #resume(token: string): { readonly version: number; readonly rest: readonly FakeObject[] | undefined } {
    return this.#snapshots.get(token) ?? { version: 0, rest: undefined };
  }

  #open({ query, signal, onOpen, onLine }: StreamRequest, resolve: (ending: StreamEnding) => void): void {
    const onAbort = (): void => stream.end({ kind: "failed", cause: new Error("aborted"), isSent: true });
    const stream: OpenStream = {
      version: Number(query?.["resourceVersion"]),
      send: (line) => {
        if (!this.#streams.has(stream)) return;
        try {
          onLine(line);
        } catch (cause) {
          stream.end({ kind: "failed", cause: cause as Error, isSent: true });
        }
      },
      end: (ending) => {
        this.#streams.delete(stream);
        signal?.removeEventListener("abort", onAbort);
        resolve(ending);
      },
    };
    this.#streams.add(stream);
    signal?.addEventListener("abort", onAbort);
    onOpen?.();
    if (stream.version < this.#compactedTo) return this.#expire(stream);
    this.#catchUp(stream);
  }

  #expire(stream: OpenStream): void {
    stream.send(JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } }));
    if (this.#streams.has(stream)) stream.end({ kind: "ended" });
  }

  #catchUp(stream: OpenStream): void {
    for (const { version, type, object } of this.#changes) {
      if (version <= stream.version) continue;
      stream.version = version;
      stream.send(JSON.stringify({ type, object }));
    }
  }
}
