import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8Length } from "./utf8-length.ts";

test.for([
  ["", 0],
  ["ascii", 5],
  ["\u007f\u0080", 3],
  ["\u07ff\u0800", 5],
  ["\uffff", 3],
  ["😀", 4],
  ["\ud83d", 3],
  ["\ude00\ud83d", 6],
] as const)("%j takes %i bytes", ([text, bytes]) => {
  expect(utf8Length(text)).toBe(bytes);
});

test("it agrees with the encoder on any text", () => {
  const pieces = fc.constantFrom("a", "é", "€", "😀", "\ud83d", "\ude00");
  const text = fc.array(fc.oneof(pieces, fc.string({ unit: "binary" }))).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (value) => {
      expect(utf8Length(value)).toBe(Buffer.byteLength(value));
    }),
  );
});
