/** One row of a table about fields: `| \`dns.domain\`, \`.search[]\` | … | … |`. */
interface FieldRow {
  /** Paths of fields, without `[]` at the end. */
  readonly fields: readonly string[];
  /** What stands in backticks in the second column, likewise. */
  readonly words: ReadonlySet<string>;
}

/**
 * The fields that no table of a page in Markdown tells of. A field is told in the first column, by its whole path or,
 * behind another one, from the last dot on; or by its name in the second column of what it is a part of. What only
 * holds other fields is told with one of those.
 *
 * @param fields such as `ranges[].subnet`
 * @param likewise objects whose parts are told with those of another one, by that one
 */
export function untoldFields(
  page: string,
  fields: readonly string[],
  likewise: Readonly<Record<string, string>> = {},
): string[] {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const read = rows.map(readRow);
  return fields.filter((field) => {
    const [first = "", ...rest] = field.split(".");
    const told = rest.length === 0 ? field : [likewise[first] ?? first, ...rest].join(".");
    return !read.some((row) => tells(row, withoutItems(told)));
  });
}

function readRow(line: string): FieldRow {
  const [, names = "", text = ""] = line.split("|");
  const fields: string[] = [];
  for (const span of codeIn(names)) {
    const before = fields.at(-1) ?? "";
    fields.push(span.startsWith(".") ? before.slice(0, before.lastIndexOf(".")) + span : span);
  }
  return { fields, words: new Set(codeIn(text)) };
}

function tells({ fields, words }: FieldRow, field: string): boolean {
  const name = field.slice(field.lastIndexOf(".") + 1);
  return fields.some(
    (told) =>
      told === field ||
      told.startsWith(`${field}.`) ||
      told.startsWith(`${field}[].`) ||
      (field.startsWith(`${told}.`) && words.has(name)),
  );
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => withoutItems(code));
}

function withoutItems(path: string): string {
  return path.replace(/\[\]$/, "");
}
