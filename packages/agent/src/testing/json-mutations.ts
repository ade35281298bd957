import fc from "fast-check";

/** A JSON document that can be changed in place. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One change to a document: `at` chooses where, and means something in a document of any size. */
interface Mutation {
  readonly at: number;
  readonly change: "remove" | "replace" | "repeat" | "respell" | "add";
  readonly value: Json;
  readonly spelling: string;
}

/** A member of an object or a list. */
interface Place {
  readonly parent: Json[] | { [key: string]: Json };
  readonly key: string;
}

/** Texts that stand in configurations where something else was meant, with a blank between them. */
const SLIPPED_TEXTS = `
  0 true null - / 10.0.0.0/24 10.0.0.0/33 10.0.0.0/-1 10.0.0.0/024 10.0.0.7/24 10.0.0.0/8 0.0.0.0/0 255.255.255.255/32
  10.0.0.5 10.0.0.256 010.0.0.1 10.0.1 0.0.0.0 10.0.0.3-10.0.0.9 10.0.0.9-10.0.0.3 10.0.0.3-10.0.0.9/24 10.0.0.3-
  10.0.0.0/31 10.0.0.1/32 fd00::/64 fd00::/129 fd00::/127 fd00::1/128 2001:db8::/32 FD00::A fd00::5 fd00:::5 1::2::3 ::
  ::/0 ::1 ::ffff:10.0.0.1 fe80::1%eth0 __proto__ constructor ../../etc/passwd Spread sequential INDEX node cmdline`;

/** The same beyond texts without blanks. */
const OTHER_SLIPS = JSON.parse(
  String.raw`["", " ", "10.0.0.1 ", "é", "\ud800", "a\nb\u0000", null, true, false, [], {}, [[]], [{}], [null],
    0, 1, -1, 3, 254, 255, 1.5, 1e21, -0, 9007199254740992]`,
) as readonly Json[];

const SLIPS: readonly Json[] = [...SLIPPED_TEXTS.trim().split(/\s+/), "x".repeat(300), ...OTHER_SLIPS];

const spelling = fc.constantFrom(..."__proto__ constructor toString gw subnett Range ROUTES routes_".split(" "), "");

/** Documents that are `templates` but for a few changes: most are still nearly right. */
export function mutationsOf(templates: readonly object[], maxChanges: number): fc.Arbitrary<object> {
  const value = fc.oneof(
    { arbitrary: fc.constantFrom(...SLIPS), weight: 6 },
    { arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>, weight: 1 },
  );
  const change = fc.constantFrom<Mutation["change"]>(
    "remove",
    "replace",
    "replace",
    "replace",
    "repeat",
    "respell",
    "add",
  );
  const mutation = fc.record({ at: fc.nat(), change, value, spelling });
  return fc
    .tuple(fc.constantFrom(...templates), fc.array(mutation, { maxLength: maxChanges }))
    .map(([template, mutations]) => mutations.reduce(mutate, structuredClone(template) as Json) as object);
}

function mutate(document: Json, mutation: Mutation): Json {
  const places = placesIn(document);
  const place = places[mutation.at % Math.max(1, places.length)];
  if (place !== undefined) changeAt(place, mutation);
  return document;
}

function changeAt({ parent, key }: Place, { change: kind, value, spelling: name }: Mutation): void {
  const members = parent as { [key: string]: Json };
  const found = members[key] ?? null;
  const put = (member: string, content: Json): void => {
    // As JSON.parse does, to which `__proto__` is a key like any other.
    Object.defineProperty(parent, member, { value: content, writable: true, enumerable: true, configurable: true });
  };
  if (kind === "replace") put(key, structuredClone(value));
  else if (Array.isArray(parent) && kind === "remove") parent.splice(Number(key), 1);
  else if (Array.isArray(parent)) parent.push(structuredClone(found));
  else if (kind === "repeat") put(key.toUpperCase(), structuredClone(found));
  else if (kind === "add") put(name, structuredClone(value));
  else {
    delete members[key];
    if (kind === "respell") put(respelled(key), found);
  }
}

/** Another letter case, or the slip of a finger. */
function respelled(key: string): string {
  return key.length % 2 === 0 ? key.toLowerCase() : `${key.slice(1)}${key.slice(0, 1)}`;
}

function placesIn(document: Json): Place[] {
  if (typeof document !== "object" || document === null) return [];
  const keys = Object.keys(document);
  return keys.flatMap((key) => [
    { parent: document, key },
    ...placesIn((document as { [key: string]: Json })[key] ?? null),
  ]);
}
