import * as z from "zod";

const PATH_EXPECTED = "expected an absolute path";

/** A path from the root of the file system. */
export const absolutePath: z.ZodString = z.string(PATH_EXPECTED).startsWith("/", PATH_EXPECTED);

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  return z.enum(words, `expected one of ${words.join(", ")}`);
}

/**
 * What `parse` makes of the text.
 *
 * @param parse undefined from it: the text cannot be used
 * @param expected what a message says then, such as "expected an address and a port"
 */
export function readAs<Value>(parse: (text: string) => Value | undefined, expected: string): z.ZodType<Value> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue(expected);
    return z.NEVER;
  });
}
