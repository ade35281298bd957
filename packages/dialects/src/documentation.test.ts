import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DNS_KEYS } from "./dns.ts";
import { HOST_LOCAL_KEYS, RANGE_KEYS } from "./host-local.ts";
import { INDEX_KEYS } from "./index-key.ts";
import { INDEX2IP_KEYS } from "./index2ip.ts";
import { SHARED_KEYS } from "./ipam-section.ts";
import { ADDRESS_KEYS } from "./named-addresses.ts";
import { ROUTE_KEYS } from "./routes.ts";
import { STATIC_KEYS } from "./static.ts";
import { WHEREABOUTS_KEYS } from "./whereabouts.ts";
import { WHEREABOUTS_ENTRY_KEYS } from "./whereabouts-range.ts";

const page = readFileSync(new URL("../../../docs/dialects.md", import.meta.url), "utf8");
const TABLES = [
  ["Keys of every dialect", SHARED_KEYS],
  ["Keys of host-local", HOST_LOCAL_KEYS],
  ["Keys of a range of host-local", RANGE_KEYS],
  ["Keys of whereabouts", WHEREABOUTS_KEYS],
  ["Keys of a range of whereabouts", WHEREABOUTS_ENTRY_KEYS],
  ["Keys of static", STATIC_KEYS],
  ["Keys of an address of static", ADDRESS_KEYS],
  ["Keys of index2ip", INDEX2IP_KEYS],
  ["Keys of index", INDEX_KEYS],
  ["Keys of a route", ROUTE_KEYS],
  ["Keys of dns", DNS_KEYS],
] as const;

test("docs/dialects.md opens with address spaces", () => {
  expect(page.split("\n\n")[1]).toMatch(/^\*\*Address spaces first\.\*\* The default address space is shared/);
});

test.for(TABLES)("%s: the page lists exactly those that the code knows", ([heading, known]) => {
  const rows = rowsUnder(heading);
  expect(rows.map(({ key }) => key).toSorted()).toEqual([...known.used, ...known.ignored].toSorted());
  const ignored = rows.filter(({ here }) => here.startsWith("Ignored")).map(({ key }) => key);
  expect(ignored.toSorted()).toEqual(known.ignored.toSorted());
  expect(rows.filter(({ here, differs }) => here === "" || differs === "")).toEqual([]);
});

test("docs/dialects.md has no other table of keys", () => {
  const headings = page.split("\n").filter((line) => line.includes("# Keys of "));
  expect(headings.map((line) => line.replace(/^#+ /, ""))).toEqual(TABLES.map(([heading]) => heading));
});

/** The rows of the table under a heading: key, what it means here, and what differs. */
function rowsUnder(heading: string): { readonly key: string; readonly here: string; readonly differs: string }[] {
  const section = page.split(/\n#+ /).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  return rows.map((line) => {
    const [key = "", here = "", differs = ""] = line.replace(/^\| | \|$/g, "").split(" | ");
    return { key: key.replaceAll("`", ""), here, differs };
  });
}
