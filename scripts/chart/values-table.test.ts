import { expect, test } from "vitest";
import { formatTable, readValues } from "./values-table.ts";

test("each described value is a row, with its path and its default, and what lies below it is in it", () => {
  const text = `# -- First, of all.
first: 1

part:
  # -- Second,
  # in two lines.
  second: on
  # -- A | in it.
  third:
    limits: {memory: 1Mi}
`;
  expect(readValues(text)).toEqual([
    { key: "first", value: "1", description: "First, of all." },
    { key: "part.second", value: '"on"', description: "Second, in two lines." },
    { key: "part.third", value: '{"limits":{"memory":"1Mi"}}', description: "A \\| in it." },
  ]);
});

test("a value that nothing describes is an error that names it", () => {
  expect(() => readValues("# -- A part.\npart: 1\nother:\n  thing: 2\n")).toThrow("does not describe other.thing");
  expect(() => readValues("# only a comment\npart: {}\n")).toThrow("does not describe part");
});

test("rows make a table of Markdown", () => {
  expect(formatTable([{ key: "a.b", value: "{}", description: "What." }])).toBe(
    "| key | default | meaning |\n|---|---|---|\n| `a.b` | `{}` | What. |",
  );
});
