import { FAMILIES, IPV4, IPV6 } from "@cluster-ipam/allocator/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { leaseOf } from "../testing/facts.ts";
import type { LeaseFact } from "./lease-fact.ts";
import { LeaseTable } from "./lease-table.ts";

test.for(FAMILIES)("a lease of $family is found by its name, its pool and its node until it goes", ({ network }) => {
  const table = new LeaseTable();
  const lease = leaseOf(network.at(1), { pool: "lab", node: "n1" });
  expect(table.set(lease)).toBeUndefined();
  expect(table.get(lease.name)).toBe(lease);
  expect([...table.ofPool("lab")]).toEqual([lease]);
  expect([...table.ofNode("n1")]).toEqual([lease]);
  expect(table.delete(lease.name)).toBe(lease);
  expect(table.delete(lease.name)).toBeUndefined();
  expect([table.size, [...table.pools()], [...table.nodes()]]).toEqual([0, [], []]);
});

test.for(FAMILIES)("a lease of $family that moves to another node is of that node alone", ({ network }) => {
  const table = new LeaseTable();
  const before = leaseOf(network.at(1), { pool: "lab", node: "n1" });
  table.set(before);
  expect(table.set(leaseOf(network.at(1), { pool: "lab", node: "n2" }))).toBe(before);
  expect([...table.nodes()]).toEqual(["n2"]);
  expect(table.size).toBe(1);
});

test("after any changes every index holds what the table holds", () => {
  const change = fc.record({
    network: fc.constantFrom(IPV4.network, IPV6.network),
    number: fc.integer({ min: 0, max: 9 }),
    pool: fc.constantFrom("", "lab", "blue"),
    node: fc.constantFrom("", "n1", "n2"),
    isDelete: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const table = new LeaseTable();
      const model = new Map<string, LeaseFact>();
      for (const { network, number, pool, node, isDelete } of changes) {
        const lease = leaseOf(network.at(number), { pool, node });
        if (isDelete) {
          table.delete(lease.name);
          model.delete(lease.name);
        } else {
          table.set(lease);
          model.set(lease.name, lease);
        }
      }
      const all = new Set(model.values());
      expect(new Set(table.all())).toEqual(all);
      expect(new Set([...table.pools()].flatMap((pool) => [...table.ofPool(pool)]))).toEqual(all);
      expect(new Set([...table.nodes()].flatMap((node) => [...table.ofNode(node)]))).toEqual(all);
      for (const pool of table.pools())
        expect([...table.ofPool(pool)].every((lease) => lease.pool === pool)).toBe(true);
    }),
  );
});
