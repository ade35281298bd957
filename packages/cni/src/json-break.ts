/**
 * Where `text` stops being JSON: the offset of the first character that cannot stand there, `text.length` when the
 * text ends too early, -1 when it is JSON.
 *
 * The messages of JSON.parse differ between engines and some name no place at all; this is the slow second reading
 * that tells the user where to look, done only after JSON.parse has failed. It keeps its own stack, so depth is free.
 */
export function findJsonBreak(text: string): number {
  const open: Bracket[] = [];
  let expected: Expected = "value";
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const next = follow(text[at] as string, expected, open);
    if (next === undefined) return at;
    const end = tokenEnd(text, at);
    if (end.broken) return end.at;
    expected = next;
    at = skipSpace(text, end.at);
  }
  return expected === "after" && open.length === 0 ? -1 : text.length;
}

const SCALAR_STARTS = '"-0123456789tfn';

// Made once: these are asked at every token.
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Bracket = "{" | "[";

/** What may come next; "after" is the place behind a complete value. */
type Expected = "value" | "value or ]" | "key" | "key or }" | "colon" | "after";

interface TokenEnd {
  readonly at: number;
  readonly broken: boolean;
}

/** What is expected behind the token that begins with `first`; undefined when it cannot stand here. Keeps `open`. */
function follow(first: string, expected: Expected, open: Bracket[]): Expected | undefined {
  switch (expected) {
    case "value or ]":
      return first === "]" ? close(open) : openValue(first, open);
    case "value":
      return openValue(first, open);
    case "key or }":
      if (first === "}") return close(open);
      return first === '"' ? "colon" : undefined;
    case "key":
      return first === '"' ? "colon" : undefined;
    case "colon":
      return first === ":" ? "value" : undefined;
    case "after":
      return followValue(first, open);
  }
}

function openValue(first: string, open: Bracket[]): Expected | undefined {
  if (first === "{" || first === "[") {
    open.push(first);
    return first === "{" ? "key or }" : "value or ]";
  }
  return SCALAR_STARTS.includes(first) ? "after" : undefined;
}

function followValue(first: string, open: Bracket[]): Expected | undefined {
  const inside = open.at(-1);
  if (inside === undefined) return undefined;
  if (first === ",") return inside === "{" ? "key" : "value";
  return first === (inside === "{" ? "}" : "]") ? close(open) : undefined;
}

function close(open: Bracket[]): Expected {
  open.pop();
  return "after";
}

/** The end of the token at `at`, or the character at which it breaks. */
function tokenEnd(text: string, at: number): TokenEnd {
  const first = text[at] as string;
  if ("{}[],:".includes(first)) return { at: at + 1, broken: false };
  if (first === '"') return stringEnd(text, at);
  SCALAR.lastIndex = at;
  return SCALAR.test(text) ? { at: SCALAR.lastIndex, broken: false } : { at, broken: true };
}

function stringEnd(text: string, start: number): TokenEnd {
  let at = start + 1;
  while (at < text.length) {
    const character = text[at] as string;
    if (character === '"') return { at: at + 1, broken: false };
    if (character < " ") return { at, broken: true };
    if (character !== "\\") {
      at += 1;
      continue;
    }
    ESCAPE.lastIndex = at;
    if (ESCAPE.test(text)) at = ESCAPE.lastIndex;
    else return { at, broken: true };
  }
  return { at, broken: true };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at] as string)) at += 1;
  return at;
}
