import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter, LineTooLong } from "./line-splitter.ts";

function split(chunks: readonly Buffer[], maxBytes?: number): { readonly lines: string[]; readonly pending: number } {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), maxBytes);
  for (const chunk of chunks) splitter.push(chunk);
  return { lines, pending: splitter.pendingBytes };
}

describe("LineSplitter", () => {
  it("gives the same lines however the bytes are cut, also within a character", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\n", "€")),
          { maxLength: 8 },
        ),
        fc.array(fc.nat({ max: 20 })),
        fc.string().map((text) => text.replaceAll("\n", "")),
        (lines, cuts, rest) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join("") + rest);
          const chunks: Buffer[] = [];
          let start = 0;
          for (const size of cuts) {
            chunks.push(bytes.subarray(start, start + size));
            start += size;
          }
          chunks.push(bytes.subarray(start));
          expect(split(chunks)).toEqual({ lines, pending: Buffer.byteLength(rest) });
        },
      ),
    );
  });

  it("refuses a line that has no end, and takes one of just that length", () => {
    const bytes = (text: string): Buffer => Buffer.from(text);
    expect(split([bytes("1234"), bytes("5678"), bytes("\n")], 8).lines).toEqual(["12345678"]);
    expect(() => split([bytes("1234"), bytes("56789")], 8)).toThrow(LineTooLong);
  });
});
