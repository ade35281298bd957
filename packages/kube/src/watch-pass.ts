import type { KubeClient } from "./kube-client.ts";
import type { KubeRequest } from "./kube-request.ts";
import type { StreamEnding } from "./line-stream.ts";
import { type ReadTrouble, troubleOf } from "./read-trouble.ts";
import { compareVersions } from "./resource-version.ts";
import { type ObjectEvent, parseWatchEvent, type WatchEvent } from "./watch-event.ts";

/**
 * How a watch ended.
 *
 * - `closed`: the server ended it, as it does when the time is over.
 * - `expired`: the server has forgotten the version to go on from (410).
 * - `rewound`: the server is at an earlier version than it was: its data are of a backup.
 * - `silent`: nothing came for longer than the server is ever quiet, which it is between two bookmarks.
 * - `broken`: it broke off.
 * - else there was no watch, or (`refused`, `garbled`) the server's last line was an error, or none of a watch.
 */
export type WatchEnding =
  | { readonly kind: "closed" | "expired" | "rewound" | "silent" }
  | { readonly kind: "broken"; readonly message: string }
  | ReadTrouble;

/** What is watched, from when on, and who is told. */
export interface WatchRequest extends Pick<KubeRequest, "path" | "query"> {
  readonly resourceVersion: string;
  /** When the server is to end the watch. */
  readonly timeoutSeconds: number;
  /** Gets each event in order; must not throw. */
  readonly onEvent: (event: ObjectEvent | Bookmark) => void;
}

type Bookmark = WatchEvent & { readonly kind: "bookmark" };

/** What came of a watch. */
export interface WatchOutcome {
  readonly ending: WatchEnding;
  /** The version to go on from. */
  readonly resourceVersion: string;
}

/**
 * Bounds of a stream's quiet.
 *
 * - `statusMs`: longer than a minute, since some gateways pass the status on with the first line only, and the server
 *   writes a bookmark every minute (cache_watcher.go of k8s.io/apiserver).
 * - `silenceMs`: a bookmark may be left out when the server is busy; two in a row are not. A server that knows no
 *   bookmarks costs one request more in this time where nothing else happens.
 */
const LIMITS = { statusMs: 90_000, silenceMs: 150_000 } as const;
const GONE = 410;

/** Thrown through the stream to end it. */
class Stop extends Error {
  override readonly name: string = "Stop";
}

/** Watches once, until the watch ends or `signal` aborts; then the ending says nothing. */
export async function watchOnce(
  client: Pick<KubeClient, "stream">,
  request: WatchRequest,
  signal: AbortSignal,
): Promise<WatchOutcome> {
  const { path, query, resourceVersion, timeoutSeconds, onEvent } = request;
  const reader = new WatchReader(resourceVersion, onEvent);
  let isOpen = false;
  const ending = await client.stream({
    path,
    query: {
      ...query,
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    },
    timeoutMs: LIMITS.statusMs,
    silenceMs: LIMITS.silenceMs,
    signal,
    onOpen: () => {
      isOpen = true;
    },
    onLine: (line) => reader.take(line),
  });
  return { ending: reader.verdict ?? endingOf(ending, isOpen), resourceVersion: reader.resourceVersion };
}

class WatchReader {
  readonly #onEvent: WatchRequest["onEvent"];
  #resourceVersion: string;
  #verdict: WatchEnding | undefined;

  constructor(resourceVersion: string, onEvent: WatchRequest["onEvent"]) {
    this.#resourceVersion = resourceVersion;
    this.#onEvent = onEvent;
  }

  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Why the reader itself ended the stream. */
  get verdict(): WatchEnding | undefined {
    return this.#verdict;
  }

  /** Takes one line. @throws Stop when nothing more of the stream is wanted */
  take(line: string): void {
    const event = parseWatchEvent(line);
    if (event.kind === "error") return this.#stop(endingOfError(event));
    if (event.kind === "garbled") return this.#stop(event);
    const version = event.kind === "bookmark" ? event.resourceVersion : event.meta.resourceVersion;
    const order = compareVersions(version, this.#resourceVersion);
    if (order !== undefined && order < 0) return this.#stop({ kind: "rewound" });
    this.#resourceVersion = version;
    this.#onEvent(event);
  }

  #stop(verdict: WatchEnding): void {
    this.#verdict = verdict;
    throw new Stop(verdict.kind);
  }
}

function endingOfError({ code, message }: WatchEvent & { readonly kind: "error" }): WatchEnding {
  return code === GONE ? { kind: "expired" } : { kind: "refused", status: code, message };
}

function endingOf(ending: StreamEnding, isOpen: boolean): WatchEnding {
  if (ending.kind === "ended") return { kind: "closed" };
  if (ending.kind === "silent") return { kind: "silent" };
  if (ending.kind === "answered" && ending.status === GONE) return { kind: "expired" };
  const trouble = troubleOf(ending);
  return trouble.kind === "unreachable" && isOpen ? { kind: "broken", message: trouble.message } : trouble;
}
