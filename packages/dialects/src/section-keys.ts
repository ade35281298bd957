import { IpamError } from "@cluster-ipam/errors";
import { show } from "./section-value.ts";

/** Keys that a dialect knows, as its documentation spells them. */
export interface KnownKeys {
  /** Keys that mean something here. */
  readonly used: readonly string[];
  /** Keys of the other plugins that mean nothing here: accepted, and told to the log once. */
  readonly ignored: readonly string[];
}

/** Values by keys that are spelled as documented; none is null. */
export type Section = Readonly<Record<string, unknown>>;

/** A section with its keys spelled as documented, and the keys that were ignored. */
export interface NormalizedSection {
  readonly values: Section;
  readonly ignoredKeys: readonly string[];
}

const SPELLINGS = new WeakMap<KnownKeys, ReadonlyMap<string, string>>();
/** How much of a written key is compared with the known ones. */
const COMPARED_LENGTH = 64;

/**
 * Spells the keys of `section` as documented: Go decodes JSON keys in any letter case, and configurations rely on it.
 * A key whose value is null is left out: to Go that is as if it were absent.
 *
 * @param where leads the messages, such as `ipam`
 * @throws IpamError `bad-config` for an unknown key, with the nearest known one, and for one key in two spellings
 */
export function normalizeKeys(section: object, where: string, known: KnownKeys): NormalizedSection {
  const spellings = spellingsOf(known);
  const values = new Map<string, unknown>();
  for (const [written, value] of Object.entries(section)) {
    const key = spellings.get(written.toLowerCase());
    if (key === undefined) throw unknownKey(written, where, known);
    if (values.has(key)) {
      throw new IpamError("bad-config", `${where} has the key "${key}" twice, in different letter case: keep one`);
    }
    values.set(key, value);
  }
  const present = [...values].filter(([, value]) => value !== null);
  return {
    values: Object.fromEntries(present.filter(([key]) => !known.ignored.includes(key))),
    ignoredKeys: present.map(([key]) => key).filter((key) => known.ignored.includes(key)),
  };
}

/** The documented spelling of each key in lower case; made once, since every call and every route asks for it. */
function spellingsOf(known: KnownKeys): ReadonlyMap<string, string> {
  const made = SPELLINGS.get(known);
  if (made !== undefined) return made;
  const spellings = new Map([...known.used, ...known.ignored].map((key) => [key.toLowerCase(), key]));
  SPELLINGS.set(known, spellings);
  return spellings;
}

function unknownKey(written: string, where: string, { used, ignored }: KnownKeys): IpamError {
  const nearest = nearestKey(written.slice(0, COMPARED_LENGTH), [...used, ...ignored]);
  const hint = nearest === undefined ? `known keys: ${used.join(", ")}` : `did you mean "${nearest}"?`;
  return new IpamError("bad-config", `${where} has the unknown key ${show(written)}: ${hint}`);
}

/** The known key with the fewest edits, where these are few enough to be a slip. */
function nearestKey(written: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((key) => ({ key, distance: editDistance(written.toLowerCase(), key.toLowerCase()) }))
    .filter(({ key, distance }) => distance <= slipLimit(key) && distance < written.length)
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.key;
}

/** Two edits (a swap of two letters is two), more in a long key, fewer than the key has letters. */
function slipLimit(key: string): number {
  return Math.min(key.length - 1, Math.max(2, Math.floor(key.length / 3)));
}

/** Levenshtein distance, one row at a time. Only on the way to an error message. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
