import fc from "fast-check";
import { expect, test } from "vitest";
import { isoTime } from "./iso-time.ts";

test.for([
  [0, "1970-01-01T00:00:00.000Z"],
  [-1, "1969-12-31T23:59:59.999Z"],
  [951_782_399_999, "2000-02-28T23:59:59.999Z"],
  [951_782_400_000, "2000-02-29T00:00:00.000Z"],
  [4_107_542_400_000.75, "2100-03-01T00:00:00.000Z"],
] as const)("%d is %s", ([epochMs, text]) => {
  expect(isoTime(epochMs)).toBe(text);
});

test("every moment is what Date makes of it", () => {
  const moments = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) });
  fc.assert(
    fc.property(moments, (epochMs) => {
      expect(isoTime(epochMs)).toBe(new Date(epochMs).toISOString());
    }),
    { numRuns: 2_000 },
  );
});
