import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RANGE_KEYS } from "./host-local.ts";
import { DNS_KEYS, SECTION_KEYS } from "./ipam-section.ts";
import { ROUTE_KEYS } from "./routes.ts";

const page = readFileSync(new URL("../../../docs/dialects.md", import.meta.url), "utf8");

test("docs/dialects.md opens with address spaces", () => {
  expect(page.split("\n\n")[1]).toMatch(/^\*\*Address spaces first\.\*\* The default address space is shared/);
});

test.for([
  ["Keys of the ipam section", SECTION_KEYS],
  ["Keys of a range", RANGE_KEYS],
  ["Keys of a route", ROUTE_KEYS],
  ["Keys of dns", DNS_KEYS],
] as const)("%s: the page lists exactly those that the code knows", ([heading, known]) => {
  const rows = rowsUnder(heading);
  expect([...rows.keys()].toSorted()).toEqual([...known.used, ...known.ignored].toSorted());
  const ignored = [...rows].filter(([, here]) => here.startsWith("Ignored")).map(([key]) => key);
  expect(ignored).toEqual(known.ignored);
});

/** The table under a heading: key and the text in its column "here". */
function rowsUnder(heading: string): Map<string, string> {
  const section = page.split("\n## ").find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const cells = section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | "));
  return new Map(cells.map(([key = "", , here = ""]) => [key.replaceAll(/[|` ]/g, ""), here]));
}
