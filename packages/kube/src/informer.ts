import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { type InformerMeter, NO_INFORMER_METER } from "./informer-meter.ts";
import type { KubeClient } from "./kube-client.ts";
import { ListPass, listOf } from "./list-pass.ts";
import { type CachedObject, ObjectCache, type ObjectHandler } from "./object-cache.ts";
import { type ReadTrouble, troubleOf } from "./read-trouble.ts";
import { compareVersions } from "./resource-version.ts";
import { watchOnce } from "./watch-pass.ts";
import { WatchRecovery } from "./watch-recovery.ts";

/** What an {@link Informer} is made of. */
export interface InformerOptions<T> {
  readonly client: Pick<KubeClient, "request" | "stream">;
  /** Of the list, such as `/api/v1/pods`. */
  readonly path: string;
  /** Selectors. */
  readonly query?: Partial<Readonly<Record<"fieldSelector" | "labelSelector", string>>>;
  /**
   * Makes of an object's JSON what is worth keeping, so that the rest of it is not: a cache holds that many times. What
   * it throws makes the object unreadable, and ends nothing.
   */
  readonly decode: (object: unknown) => T;
  /** Objects a page; 500 by default. */
  readonly pageSize?: number;
  readonly meter?: InformerMeter;
  readonly clock?: Clock;
  /** The time of day, for people. */
  readonly date?: () => Date;
  /** A source of numbers in [0, 1). */
  readonly random?: () => number;
}

const PAGE = { size: 500, timeoutMs: 30_000 } as const;
/** When the server is to end a watch: after 5 to 10 minutes, so that the watches of many do not end together. */
const WATCH_SECONDS = { min: 300, spread: 300 } as const;
const OK = 200;

/**
 * Keeps a copy of a list of the server for as long as the process lives: it lists once, by pages, and then watches. A
 * watch that has ended is gone on with from the last version seen; only where the server cannot do that is everything
 * listed again, and the difference told. Nothing but {@link close} ends it, whatever the server or the network does.
 *
 * @example
 * const pods = new Informer({ client, path: "/api/v1/pods", decode: (pod) => pick(pod) });
 * pods.subscribe({ added: (pod) => queue.add(pod.key) });
 * pods.start();
 * await pods.synced;
 */
export class Informer<T> {
  /** Resolves once everything has been listed for the first time; rejects when it is closed before. */
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #cache: ObjectCache<T>;
  readonly #meter: InformerMeter;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #recovery: WatchRecovery;
  readonly #firstList: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  /** Where the cache is; undefined where everything must be listed. */
  #resourceVersion: string | undefined;
  #isSynced = false;
  #lastSyncAt: Date | undefined;
  #running: Promise<void> | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#meter = options.meter ?? NO_INFORMER_METER;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#random = options.random ?? Math.random;
    this.#recovery = new WatchRecovery(this.#random);
    const onHandlerFailure = (error: Error): void => this.#meter.handlerFailed(error);
    this.#cache = new ObjectCache({ decode: options.decode, onHandlerFailure });
    this.synced = this.#firstList.promise;
    // Nobody has to wait for it.
    this.synced.catch(() => undefined);
  }

  /** Whether everything has been listed once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** When the copy was last known to be what the server has: at the end of a list, an event or a bookmark. */
  get lastSyncAt(): Date | undefined {
    return this.#lastSyncAt;
  }

  /** How many objects there are. */
  get size(): number {
    return this.#cache.size;
  }

  /** One object by its name, after its namespace and `/` where it has one. */
  get(key: string): CachedObject<T> | undefined {
    return this.#cache.get(key);
  }

  /** Every object, as a view: what changes while it is read may or may not be seen. */
  values(): IterableIterator<CachedObject<T>> {
    return this.#cache.values();
  }

  /** Tells `handler` of all there is as added, at once, and then of each change. @returns ends that */
  subscribe(handler: ObjectHandler<T>): () => void {
    return this.#cache.subscribe(handler);
  }

  /** Begins to list; once only. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the watch and every wait. The copy stays as it was. */
  async close(): Promise<void> {
    const reason = new Error("the informer is closed");
    this.#closing.abort(reason);
    this.#firstList.reject(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const from = this.#resourceVersion ?? (await this.#list());
      if (from === undefined) return;
      await this.#watch(from);
      await this.#askWhereServerIs();
    }
  }

  /** @returns the version to watch from; undefined when it is closed */
  async #list(): Promise<string | undefined> {
    const { signal } = this.#closing;
    const { client, path, query = {}, pageSize = PAGE.size } = this.#options;
    const startedAtMs = this.#clock.nowMs();
    const pass = new ListPass(client, { path, query, pageSize, timeoutMs: PAGE.timeoutMs }, this.#cache);
    for (;;) {
      const outcome = await pass.readPage(signal);
      if (signal.aborted) return undefined;
      if (outcome.kind === "done") {
        this.#meter.listed(this.#cache.size, this.#clock.nowMs() - startedAtMs);
        return this.#listed(outcome.resourceVersion);
      }
      if (outcome.kind === "more") this.#recovery.readSucceeded();
      else await this.#pauseAfter(outcome);
    }
  }

  #listed(resourceVersion: string): string {
    this.#recovery.readSucceeded();
    this.#resourceVersion = resourceVersion;
    this.#markSynced();
    this.#isSynced = true;
    this.#firstList.resolve();
    return resourceVersion;
  }

  async #watch(from: string): Promise<void> {
    const { client, path, query = {} } = this.#options;
    const { signal } = this.#closing;
    const startedAtMs = this.#clock.nowMs();
    const timeoutSeconds = Math.round(WATCH_SECONDS.min + WATCH_SECONDS.spread * this.#random());
    const { ending, resourceVersion } = await watchOnce(
      client,
      {
        path,
        query,
        resourceVersion: from,
        timeoutSeconds,
        onEvent: (event) => {
          if (event.kind !== "bookmark") this.#cache.apply(event);
          this.#markSynced();
          this.#meter.eventSeen(event.kind);
        },
      },
      signal,
    );
    if (signal.aborted) return;
    const course = { durationMs: this.#clock.nowMs() - startedAtMs, hasProgressed: resourceVersion !== from };
    const { next, pauseMs } = this.#recovery.afterWatch(ending, course);
    this.#resourceVersion = next === "watch" ? resourceVersion : undefined;
    this.#meter.watchEnded(ending, pauseMs);
    await this.#clock.sleep(pauseMs, signal);
  }

  /**
   * A server whose data are of a backup is at an earlier version, and would be silent until it has come to ours again:
   * then everything must be listed.
   */
  async #askWhereServerIs(): Promise<void> {
    const { signal } = this.#closing;
    const { client, path } = this.#options;
    while (this.#resourceVersion !== undefined && !signal.aborted) {
      const query = { limit: "1" };
      const answer = await client.request({ method: "GET", path, query, timeoutMs: PAGE.timeoutMs, signal });
      if (signal.aborted) return;
      const list = answer.kind === "answered" && answer.status === OK ? listOf(answer) : undefined;
      if (list !== undefined) return this.#compareWith(list.metadata.resourceVersion);
      await this.#pauseAfter(answer.kind === "answered" && answer.status === OK ? NO_LIST : troubleOf(answer));
    }
  }

  #compareWith(resourceVersion: string): void {
    this.#recovery.readSucceeded();
    const order = compareVersions(resourceVersion, this.#resourceVersion ?? resourceVersion);
    if (order === 0) this.#markSynced();
    if (order === undefined || order >= 0) return;
    this.#resourceVersion = undefined;
    this.#meter.watchEnded({ kind: "rewound" }, 0);
  }

  async #pauseAfter(trouble: ReadTrouble): Promise<void> {
    const pauseMs = this.#recovery.afterRead(trouble);
    this.#meter.readFailed(trouble, pauseMs);
    await this.#clock.sleep(pauseMs, this.#closing.signal);
  }

  #markSynced(): void {
    this.#lastSyncAt = (this.#options.date ?? ((): Date => new Date()))();
  }
}

const NO_LIST: ReadTrouble = { kind: "garbled", message: "the answer is no list" };
