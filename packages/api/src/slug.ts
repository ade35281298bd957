/** Longest slug: with a "-" and a hash of ten digits behind it, it still is a DNS label. */
const SLUG_LENGTH = 50;

/**
 * What of a text may stand in a DNS label (RFC 1123): its letters and digits, in lower case, with "-" between; "" where
 * there are none. Two texts may have one slug: whoever names objects by it puts a hash behind.
 */
export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_LENGTH)
    .replace(/^-+|-+$/g, "");
}
