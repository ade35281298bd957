import { expect, test } from "vitest";
import { countTests } from "./report.ts";

const file = (status: string, ...statuses: readonly string[]) => ({
  name: "file",
  status,
  assertionResults: statuses.map((each, index) => ({ fullName: `test ${index}`, status: each })),
});

test("reports add up, and skipped tests keep their names", () => {
  const reports = [
    { testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed")] },
    { testResults: [file("passed", "passed", "pending", "todo")] },
  ];
  expect(countTests(reports)).toEqual({ passed: 4, failed: 1, skipped: ["test 1", "test 2"] });
});

test("a file that cannot be loaded is a failure, though it has no tests", () => {
  expect(countTests([{ testResults: [file("failed"), file("passed", "passed")] }])).toMatchObject({
    passed: 1,
    failed: 1,
  });
});

test("a file whose tests passed but whose clean-up failed is a failure", () => {
  expect(countTests([{ testResults: [file("failed", "passed")] }])).toMatchObject({ passed: 1, failed: 1 });
});

test("no report at all counts as nothing", () => {
  expect(countTests([])).toEqual({ passed: 0, failed: 0, skipped: [] });
});
