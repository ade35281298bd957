import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Lets packages resolve each other to their sources, so that tests need no build. */
const SOURCE_CONDITION = "@cluster-ipam/source";

const root = import.meta.dirname;
const setupFiles = [join(root, "scripts/test/no-console.ts")];
const resolve = { conditions: [SOURCE_CONDITION, "node", "import", "module", "default"] };
const ssr = { resolve: { conditions: resolve.conditions, externalConditions: resolve.conditions } };

export default defineConfig({
  resolve,
  ssr,
  test: {
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/testing/**"],
      reporter: ["text-summary", "html"],
      reportsDirectory: join(root, "coverage"),
      thresholds: {
        lines: 90,
        "packages/ip/src/**": { lines: 100, functions: 100, statements: 100, branches: 100 },
      },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{packages,cmd,scripts}/**/*.test.ts", "test/monitoring/**/*.test.ts"],
          setupFiles,
          // Some start programs, which takes its time on a busy machine.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          setupFiles,
          // Each file has a control plane of its own: two at once would starve each other.
          pool: "forks",
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "model",
          include: ["test/model/**/*.test.ts"],
          setupFiles,
          // Each file takes all cores for itself, and has them when the others are through.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          setupFiles,
          pool: "forks",
          fileParallelism: false,
          hookTimeout: 180_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          setupFiles,
          pool: "forks",
          fileParallelism: false,
          // Kubelets wait and try again; a test that fails says after two minutes what it waited for.
          testTimeout: 300_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
