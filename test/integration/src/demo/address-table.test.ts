import { expect, test } from "vitest";
import { findDuplicates, formatAddressTable } from "./address-table.ts";

const ROWS = [
  { node: "n1", pod: "web-0", address: "172.16.1.200" },
  { node: "n2", pod: "web-1", address: "172.16.1.200" },
  { node: "n3", pod: "web-2", address: "172.16.1.20" },
  { node: "n3", pod: "web-3", address: "172.16.1.200" },
  { node: "n3", pod: "web-4", address: "172.16.1.21" },
  { node: "n2", pod: "web-5", address: "172.16.1.21" },
] as const;

test("findDuplicates names every holder of an address that more than one has, and no other", () => {
  expect([...findDuplicates(ROWS)]).toEqual([
    ["172.16.1.200", ["web-0", "web-1", "web-3"]],
    ["172.16.1.21", ["web-4", "web-5"]],
  ]);
});

test("findDuplicates finds none among different addresses", () => {
  expect(findDuplicates([ROWS[0], ROWS[2], ROWS[4]]).size).toBe(0);
});

test("formatAddressTable marks each holder of a shared address with the others", () => {
  expect(formatAddressTable(ROWS)).toEqual([
    "NODE  POD     ADDRESS",
    "n1    web-0   172.16.1.200   DUPLICATE: web-1 and web-3 have it, too",
    "n2    web-1   172.16.1.200   DUPLICATE: web-0 and web-3 have it, too",
    "n3    web-2   172.16.1.20",
    "n3    web-3   172.16.1.200   DUPLICATE: web-0 and web-1 have it, too",
    "n3    web-4   172.16.1.21    DUPLICATE: web-5 has it, too",
    "n2    web-5   172.16.1.21    DUPLICATE: web-4 has it, too",
  ]);
});
