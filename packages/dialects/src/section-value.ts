import { IpamError } from "@cluster-ipam/errors";
import type * as z from "zod";

/** Longest text of a value in a message. */
const SHOWN_LENGTH = 80;

/**
 * `value` as `schema` has it.
 *
 * @param where leads the message, such as `ipam` or `ipam.routes[2]`
 * @throws IpamError `bad-config` that names the key, its value and what is expected
 */
export function readValue<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  const found = path.reduce<unknown>((at, key) => (isCompound(at) ? at[String(key)] : undefined), value);
  const key = `${where}${path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")}`;
  throw badValue(key, found, issue?.message ?? "expected something else");
}

/**
 * `value` as an object.
 *
 * @param expected ends the message: `expected an object with dst`
 * @throws IpamError `bad-config`
 */
export function readObject(value: unknown, where: string, expected: string): object {
  if (isCompound(value) && !Array.isArray(value)) return value;
  throw badValue(where, value, expected);
}

/** The error that names a key, its value and what is expected. */
export function badValue(where: string, value: unknown, expected: string, cause?: unknown): IpamError {
  return new IpamError("bad-config", `${where} is ${show(value)}: ${expected}`, { cause });
}

function isCompound(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A value for a message: JSON, cut where it is long. */
export function show(value: unknown): string {
  const text = stringify(value);
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH - 3)}…`;
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "absent";
  } catch {
    // What came as JSON can be written as JSON, unless its depth passes the stack: reading needs none.
    return "a value nested too deeply";
  }
}

/** `value` less the keys that are undefined: zod keeps those of optional keys. */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
