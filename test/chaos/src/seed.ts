/** Chance has 32 bits. */
const SEED_COUNT = 2 ** 32;

/** Reads a seed; a random one without a text, undefined when the text is none. */
export function readSeed(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return Math.floor(Math.random() * SEED_COUNT);
  return /^\d{1,10}$/.test(text) && Number(text) < SEED_COUNT ? Number(text) : undefined;
}
