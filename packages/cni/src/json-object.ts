/** A JSON object whose members have not been looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The member of `object` named `key`, in any letter case, as Go's decoder finds it: users' configurations rely on that.
 *
 * The exact spelling wins; of several others the last one does. A member that is JSON null counts as absent, as in Go.
 *
 * @example
 * lookup({ rangestart: "10.0.0.5" }, "rangeStart"); // "10.0.0.5"
 */
export function lookup(object: JsonObject, key: string): unknown {
  const name = Object.hasOwn(object, key) ? key : findSpelling(object, key);
  return name === undefined ? undefined : (object[name] ?? undefined);
}

function findSpelling(object: JsonObject, key: string): string | undefined {
  const folded = key.toLowerCase();
  return Object.keys(object).findLast((candidate) => candidate.toLowerCase() === folded);
}

/** How much of a text {@link show} quotes. */
export const SHOWN_CHARACTERS = 80;

/** `value` as an error message quotes it: text in quotes and cut to a readable length, lists and objects by their kind. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return value.length > SHOWN_CHARACTERS
      ? `${JSON.stringify(value.slice(0, SHOWN_CHARACTERS))}…`
      : JSON.stringify(value);
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return value === undefined ? "nothing" : JSON.stringify(value);
}
