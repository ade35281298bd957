import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const MODULE = new URL("start-up-memory.ts", import.meta.url).href;

/** Megabytes of the heap that a program has before and after, whose start left 40 MB that nobody uses. */
function heapAround(): { readonly before: number; readonly after: number } {
  const code = `
    import { releaseStartUpMemory } from ${JSON.stringify(MODULE)};
    let garbage = Array.from({ length: 5_000_000 }, (_, i) => i + 0.5);
    const used = () => process.memoryUsage().heapUsed / 2 ** 20;
    const before = used();
    garbage = undefined;
    setImmediate(() => {
      releaseStartUpMemory();
      console.log(JSON.stringify({ before, after: used() }));
    });`;
  const args = ["--expose-gc", "--input-type=module", "--eval", code];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as { before: number; after: number };
}

test("what the start left behind is given back", () => {
  const { before, after } = heapAround();
  expect(before).toBeGreaterThan(35);
  expect(after).toBeLessThan(20);
});

test("a Node.js that was not told to allow it does without", () => {
  const code = `import { releaseStartUpMemory } from ${JSON.stringify(MODULE)}; releaseStartUpMemory(); console.log(typeof gc);`;
  const args = ["--input-type=module", "--eval", code];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "undefined\n", stderr: "" });
});
