import fc from "fast-check";
import { expect, test } from "vitest";
import { isAddressSpace } from "./lease-name.ts";
import { slugOf } from "./slug.ts";

test.each([
  ["macvlan-conf", "macvlan-conf"],
  ["Tenant_A.blue", "tenant-a-blue"],
  ["-x-", "x"],
  ["ünïcode", "n-code"],
  ["___", ""],
  ["", ""],
  [`${"a".repeat(49)}-b`, "a".repeat(49)],
])("the slug of %s is %s", (text, slug) => {
  expect(slugOf(text)).toBe(slug);
});

test("a slug with a hash behind it is a DNS label, whatever it is of", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const slug = slugOf(text);
      expect(slug === "" || isAddressSpace(`${slug}-0123456789`)).toBe(true);
    }),
  );
});
