import { isCollection, isMap, isScalar, type Pair, parseDocument } from "yaml";

/** One documented value of a chart. */
export interface ValueRow {
  /** Such as `agent.image.tag`. */
  readonly key: string;
  /** As JSON. */
  readonly value: string;
  readonly description: string;
}

/** Begins the description of a value, in the comment above it. */
const MARK = "-- ";

/**
 * Reads the values that a comment of `# -- …` describes; what lies below one is described with it.
 *
 * @param text a values.yaml
 * @throws Error that names a value that nothing describes
 */
export function readValues(text: string): readonly ValueRow[] {
  const { contents } = parseDocument(text);
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  // The comment above the first key is that of the map.
  return rowsOf(contents.items, "", contents.commentBefore ?? "");
}

/** The rows as a table of Markdown. */
export function formatTable(rows: readonly ValueRow[]): string {
  const cells = rows.map(({ key, value, description }) => `| \`${key}\` | \`${value}\` | ${description} |`);
  return ["| key | default | meaning |", "|---|---|---|", ...cells].join("\n");
}

function rowsOf(pairs: readonly Pair[], parent: string, commentAbove: string): ValueRow[] {
  return pairs.flatMap(({ key, value }, index) => {
    const name = `${parent}${isScalar(key) ? String(key.value) : ""}`;
    const own = isScalar(key) ? key.commentBefore : undefined;
    const description = descriptionIn(own ?? (index === 0 ? commentAbove : ""));
    if (description !== undefined) return [{ key: name, value: JSON.stringify(jsonOf(value)), description }];
    if (!isMap(value) || value.items.length === 0) throw new Error(`values.yaml does not describe ${name}`);
    return rowsOf(value.items, `${name}.`, value.commentBefore ?? "");
  });
}

function jsonOf(value: unknown): unknown {
  return isCollection(value) || isScalar(value) ? value.toJSON() : value;
}

/** The last one: a comment may hold those of values that are commented out. */
function descriptionIn(comment: string): string | undefined {
  const lines = comment.split("\n").map((line) => line.trim());
  const first = lines.findLastIndex((line) => line.startsWith(MARK));
  if (first === -1) return undefined;
  return lines.slice(first).join(" ").slice(MARK.length).replaceAll("|", "\\|");
}
