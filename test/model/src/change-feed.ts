/** An object as the server writes it. */
export interface WireObject {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly resourceVersion?: string };
}

/** One change, as a watch tells of it. */
export interface FeedEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** That of the object; of a deletion the last one that was given out before it. */
  readonly version: number;
  readonly object: WireObject;
}

/** The objects of one resource as they are, and every change of theirs: what lists and watches are made of. */
export class ChangeFeed {
  /** Kind of a list of them. */
  readonly listKind: string;
  readonly #objects = new Map<string, WireObject>();
  readonly #events: FeedEvent[] = [];
  readonly #listeners = new Set<(event: FeedEvent) => void>();
  #version = 0;

  constructor(listKind: string) {
    this.listKind = listKind;
  }

  /** There is that object now, in that version. */
  put(object: WireObject): void {
    const { name, resourceVersion } = object.metadata;
    const type = this.#objects.has(name) ? "MODIFIED" : "ADDED";
    this.#objects.set(name, object);
    this.#version = Number(resourceVersion);
    this.#tell({ type, version: this.#version, object });
  }

  /** There is none of that name any more. */
  remove(name: string): void {
    const object = this.#objects.get(name);
    if (object === undefined) return;
    this.#objects.delete(name);
    // As the server does it: the version is that of the deletion.
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#tell({ type: "DELETED", version: this.#version, object: { ...object, metadata } });
  }

  /** The body of a list, and what is in it. */
  list(limit: number): { readonly body: string; readonly items: readonly WireObject[] } {
    const items = [...this.#objects.values()].slice(0, limit);
    const metadata = { resourceVersion: String(this.#version) };
    return { body: JSON.stringify({ kind: this.listKind, metadata, items }), items };
  }

  /** What happened after that version; deletions of it are told once more, which changes nothing. */
  since(version: number): readonly FeedEvent[] {
    return this.#events.filter((event) => event.version > version || isDeletionAt(version, event));
  }

  /** Tells `listener` of each change, in the step in which it happens. @returns ends that */
  subscribe(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: FeedEvent): void {
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function isDeletionAt(version: number, event: FeedEvent): boolean {
  return event.type === "DELETED" && event.version === version;
}
