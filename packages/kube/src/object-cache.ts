import { asError } from "./failure-text.ts";
import { keyOf, type ObjectMeta } from "./object-meta.ts";
import type { ObjectEvent } from "./watch-event.ts";

/** One object as it is kept. */
export type CachedObject<T> = Identified & (Content<T> | Unreadable);

interface Identified {
  /** Name, after namespace and `/` where there is one. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

interface Content<T> {
  readonly kind: "object";
  /** What `decode` made of it. */
  readonly value: T;
}

/** The object is there, but `decode` threw: nothing more is known of it. */
interface Unreadable {
  readonly kind: "unreadable";
  readonly cause: Error;
}

/**
 * Hears of every change, once the cache has it, for each key in the order in which it happened. Called in the midst of
 * what the server sends: must be quick. What one throws is passed to `onHandlerFailure`, and the others hear all the same.
 */
export interface ObjectHandler<T> {
  /** An object that was not there before. */
  readonly added?: (object: CachedObject<T>) => void;
  /** The same object (by uid) in another version. */
  readonly changed?: (object: CachedObject<T>, before: CachedObject<T>) => void;
  /** It is gone; `object` is what was last known of it. */
  readonly deleted?: (object: CachedObject<T>) => void;
}

/** What an {@link ObjectCache} is made of. */
export interface ObjectCacheOptions<T> {
  /** Makes of an object's JSON what is worth keeping; throws where it cannot be understood. */
  readonly decode: (object: unknown) => T;
  /** Told of what a handler has thrown; must not throw. */
  readonly onHandlerFailure: (error: Error) => void;
}

/** Objects of one list of the server by their key, and who is told when they change. */
export class ObjectCache<T> {
  readonly #options: ObjectCacheOptions<T>;
  readonly #objects = new Map<string, CachedObject<T>>();
  readonly #subscriptions = new Set<{ readonly handler: ObjectHandler<T> }>();

  constructor(options: ObjectCacheOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): CachedObject<T> | undefined {
    return this.#objects.get(key);
  }

  /** Every object, as a view: what changes while it is read may or may not be seen. */
  values(): IterableIterator<CachedObject<T>> {
    return this.#objects.values();
  }

  /** Tells `handler` of all there is as added, at once, and then of each change. @returns ends that */
  subscribe(handler: ObjectHandler<T>): () => void {
    // One of its own, so that nobody ends what another one began with the same handler.
    const subscription = { handler };
    for (const object of this.#objects.values()) this.#call(() => handler.added?.(object));
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  /** Takes over what a watch said. */
  apply({ kind, meta, object }: ObjectEvent): void {
    if (kind === "set") return this.set(meta, object);
    this.delete(keyOf(meta));
  }

  /** Takes over the state of one object. What is there in that version already is no change. */
  set(meta: ObjectMeta, object: unknown): void {
    const key = keyOf(meta);
    const before = this.#objects.get(key);
    if (before?.uid === meta.uid && before.resourceVersion === meta.resourceVersion) return;
    // The name was given back and taken anew while nobody looked.
    if (before !== undefined && before.uid !== meta.uid) this.delete(key);
    const now = this.#cached(key, meta, object);
    this.#objects.set(key, now);
    if (before?.uid === meta.uid) this.#tell((handler) => handler.changed?.(now, before));
    else this.#tell((handler) => handler.added?.(now));
  }

  /** Drops one object, if it is there. */
  delete(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#tell((handler) => handler.deleted?.(object));
  }

  /** Drops what is not in a list that has been taken over. */
  retain(listed: ReadonlySet<string>): void {
    for (const key of this.#objects.keys()) if (!listed.has(key)) this.delete(key);
  }

  #cached(key: string, { uid, resourceVersion }: ObjectMeta, object: unknown): CachedObject<T> {
    try {
      return { key, uid, resourceVersion, kind: "object", value: this.#options.decode(object) };
    } catch (error) {
      return { key, uid, resourceVersion, kind: "unreadable", cause: asError(error) };
    }
  }

  #tell(call: (handler: ObjectHandler<T>) => void): void {
    for (const { handler } of this.#subscriptions) this.#call(() => call(handler));
  }

  #call(notify: () => void): void {
    try {
      notify();
    } catch (error) {
      this.#options.onHandlerFailure(asError(error));
    }
  }
}
