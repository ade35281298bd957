import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueHeap } from "./due-heap.ts";

describe("DueHeap", () => {
  it("gives what is due first, and of two that are due together the one put in first", () => {
    const action = fc.oneof(fc.record({ dueMs: fc.nat({ max: 9 }) }), fc.constantFrom("take", "retain"));
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const heap = new DueHeap<{ readonly dueMs: number; readonly id: number }>();
        let model: { readonly dueMs: number; readonly id: number }[] = [];
        for (const [id, each] of actions.entries()) {
          if (each === "retain") {
            const asked: unknown[] = [];
            heap.retain((item) => asked.push(item) > 0 && item.id % 3 > 0);
            expect(asked).toEqual(model.toSorted((a, b) => a.dueMs - b.dueMs));
            model = model.filter((item) => item.id % 3 > 0);
            continue;
          }
          if (each === "take") {
            // Sorting keeps the order of what is equal.
            const expected = model.toSorted((a, b) => a.dueMs - b.dueMs)[0];
            expect(heap.peek()).toEqual(expected);
            expect(heap.pop()).toEqual(expected);
            if (expected !== undefined) model.splice(model.indexOf(expected), 1);
          } else {
            heap.push({ ...each, id });
            model.push({ ...each, id });
          }
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });

  it("is empty once cleared", () => {
    const heap = new DueHeap<{ readonly dueMs: number }>();
    heap.push({ dueMs: 1 });
    heap.clear();
    expect(heap.pop()).toBeUndefined();
  });
});
