import { metaOf, type ObjectMeta, versionOf } from "./object-meta.ts";

/** Something happened to an object; `object` is its JSON, at a deletion that of the last state. */
export interface ObjectEvent {
  readonly kind: "set" | "deleted";
  readonly meta: ObjectMeta;
  readonly object: unknown;
}

/** One line of a watch (`WatchEvent` of meta/v1). */
export type WatchEvent =
  | ObjectEvent
  /** Everything up to this version has been told. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  /** The server cannot go on, and says why in a Status. */
  | { readonly kind: "error"; readonly code: number; readonly message: string }
  /** What no API server writes. */
  | { readonly kind: "garbled"; readonly message: string };

/** Longest part of a line to be quoted. */
const QUOTED_LENGTH = 100;

/** Reads one line of a watch, whatever it is. */
export function parseWatchEvent(line: string): WatchEvent {
  const { type, object } = parsed(line) ?? {};
  if (type === "ERROR") return errorOf(object);
  if (type === "BOOKMARK") {
    const resourceVersion = versionOf(object);
    return resourceVersion === "" ? garbled(line) : { kind: "bookmark", resourceVersion };
  }
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") return garbled(line);
  const meta = metaOf(object);
  if (meta === undefined) return garbled(line);
  return { kind: type === "DELETED" ? "deleted" : "set", meta, object };
}

function parsed(line: string): { readonly type?: unknown; readonly object?: unknown } | undefined {
  try {
    return (JSON.parse(line) as { readonly type?: unknown; readonly object?: unknown } | null) ?? undefined;
  } catch {
    // Not from the API server itself, or damaged on the way.
    return undefined;
  }
}

function errorOf(object: unknown): WatchEvent {
  const { code, message } = (object ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  return {
    kind: "error",
    code: typeof code === "number" ? code : 0,
    message: typeof message === "string" ? message : "",
  };
}

function garbled(line: string): WatchEvent {
  return { kind: "garbled", message: `no watch event: ${line.slice(0, QUOTED_LENGTH)}` };
}
