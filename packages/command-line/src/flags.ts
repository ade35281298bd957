import { parseArgs } from "node:util";
import type * as z from "zod";
import { UsageError } from "./usage-error.ts";

/** The flags of a program by their names, each with a value, and what it is without being given. */
export type FlagOptions = Readonly<Record<string, { readonly type: "string"; readonly default?: string }>>;

/**
 * Reads a command line of flags alone.
 *
 * @param args without the program's own name
 * @param schema an object with a key for each flag; its issues say what is expected
 * @throws UsageError
 * @example
 * const { socket } = parseFlags(args, { socket: { type: "string" } }, z.object({ socket: absolutePath }));
 */
export function parseFlags<Schema extends z.ZodType>(
  args: readonly string[],
  options: FlagOptions,
  schema: Schema,
): z.output<Schema> {
  const flags = readFlags(args, options);
  const parsed = schema.safeParse(flags);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  const value = flags[name];
  throw new UsageError(`--${name} is ${value === undefined ? "missing" : `"${value}"`}: ${issue?.message}`);
}

function readFlags(args: readonly string[], options: FlagOptions): Readonly<Record<string, string | undefined>> {
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return { ...values };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
