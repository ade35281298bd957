import { type Context, createContext, Script } from "node:vm";
import { IpamError } from "@cluster-ipam/errors";

/**
 * A pattern that takes longer on a pod's name backtracks without end: it would hold up every call on the node. Long
 * enough that a busy machine does not make a good pattern look like one, which takes microseconds.
 */
const MATCH_TIMEOUT_MS = 1_000;

/**
 * With one quantifier at most the cost grows with the square of the name's length at most. Such a pattern is not timed,
 * since the limit is one of the wall clock: on a busy machine it would refuse what is right.
 */
const SEVERAL_QUANTIFIERS = /[*+?{].*[*+?{]/s;

/** Only a script can be given a time limit, and it wants a context: megabytes that most agents never need. */
let timed: { readonly place: object; readonly context: Context; readonly execution: Script } | undefined;

/**
 * What the first group of a pattern that somebody configured finds in `text`; undefined when it does not match.
 *
 * @throws IpamError `bad-config` when it is no regular expression, or does not come to an end
 */
export function firstGroup(pattern: string, text: string): string | undefined {
  const regexp = compile(pattern);
  if (!SEVERAL_QUANTIFIERS.test(pattern)) return regexp.exec(text)?.[1];
  const { place, context, execution } = (timed ??= prepareTimed());
  Object.assign(place, { regexp, text });
  try {
    const match = execution.runInContext(context, { timeout: MATCH_TIMEOUT_MS }) as RegExpExecArray | null;
    return match?.[1];
  } catch (cause) {
    throw badPattern(pattern, `it takes too long on "${text}", make it simpler`, cause);
  }
}

function prepareTimed(): NonNullable<typeof timed> {
  const place = {};
  return { place, context: createContext(place), execution: new Script("regexp.exec(text)") };
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw badPattern(pattern, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function badPattern(pattern: string, why: string, cause: unknown): IpamError {
  return new IpamError("bad-config", `index.pattern is "${pattern}": ${why}`, { cause });
}
