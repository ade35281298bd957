/** Seeds from the first to the last, both included. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

/** The greatest seed: chance has 32 bits. */
const LARGEST_SEED = 2 ** 32 - 1;

/** Reads `12345` or `1-100000`; undefined when `text` is neither. */
export function parseSeedRange(text: string): SeedRange | undefined {
  const [, from = "", to = from] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return from === "" || first > last || last > LARGEST_SEED ? undefined : { first, last };
}
