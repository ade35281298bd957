import fc from "fast-check";
import { expect, test } from "vitest";
import { NameIndex } from "./name-index.ts";

test("a key that nobody has added to has no names", () => {
  expect(new NameIndex().get("c1")).toEqual([]);
});

test("names come back in the order in which they came, each once", () => {
  const index = new NameIndex();
  for (const name of ["10.0.0.5", "fd00--5", "10.0.0.5", "10.0.0.6"]) index.add("c1", name);
  index.add("c2", "10.0.0.7");
  expect(index.get("c1")).toEqual(["fd00--5", "10.0.0.5", "10.0.0.6"]);
  expect(index.get("c2")).toEqual(["10.0.0.7"]);
});

test("whatever is added and removed, it holds what a map of sets would", () => {
  const step = fc.record({
    isAdded: fc.boolean(),
    key: fc.constantFrom("c1", "c2", "__proto__"),
    name: fc.constantFrom("10.0.0.5", "10.0.0.6", "fd00--5"),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const index = new NameIndex();
      const expected = new Map<string, Set<string>>();
      for (const { isAdded, key, name } of steps) {
        const names = expected.get(key) ?? new Set();
        names.delete(name);
        if (isAdded) index.add(key, name);
        else index.remove(key, name);
        expected.set(key, isAdded ? names.add(name) : names);
        for (const [each, set] of expected) expect(index.get(each)).toEqual([...set]);
      }
    }),
  );
});
