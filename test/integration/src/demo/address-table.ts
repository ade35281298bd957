/** One row: which pod has which address, and where it runs. */
export interface AddressRow {
  readonly node: string;
  readonly pod: string;
  readonly address: string;
}

/** The pods of every address that more than one of them has. */
export function findDuplicates(rows: readonly AddressRow[]): ReadonlyMap<string, readonly string[]> {
  const holders = Map.groupBy(rows, ({ address }) => address);
  const shared = [...holders].filter(([, pods]) => pods.length > 1);
  return new Map(shared.map(([address, pods]) => [address, pods.map(({ pod }) => pod)]));
}

/** The rows as aligned lines below a heading. A row whose address others have, too, says who. */
export function formatAddressTable(rows: readonly AddressRow[]): readonly string[] {
  const duplicates = findDuplicates(rows);
  const format = ({ node, pod, address }: AddressRow, mark: string): string =>
    `${node.padEnd(6)}${pod.padEnd(8)}${address.padEnd(15)}${mark}`.trimEnd();
  const lines = rows.map((row) => {
    const others = (duplicates.get(row.address) ?? []).filter((pod) => pod !== row.pod);
    return format(
      row,
      others.length === 0 ? "" : `DUPLICATE: ${others.join(" and ")} ${others.length === 1 ? "has" : "have"} it, too`,
    );
  });
  return [format({ node: "NODE", pod: "POD", address: "ADDRESS" }, ""), ...lines];
}
