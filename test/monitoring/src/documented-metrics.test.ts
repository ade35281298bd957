import { expect, test } from "vitest";
import { inspectExpression } from "./expression.ts";
import { catalogueOf, registeredMetrics } from "./metric-catalogue.ts";
import { OperationsPage } from "./operations-page.ts";

const METRICS = registeredMetrics();
const CATALOGUE = catalogueOf(METRICS);
const PAGE = new OperationsPage();

test("every metric is a row of a table of docs/operations.md, and every row a metric", () => {
  const names = METRICS.map(({ name }) => name).toSorted();
  expect(PAGE.metrics.map(({ name }) => name).toSorted()).toEqual(names);
});

test("every metric that docs/operations.md names anywhere is one", () => {
  const known = new Set([...METRICS.map(({ name }) => name), ...CATALOGUE.keys()]);
  expect(PAGE.namedMetrics.filter((name) => !known.has(name))).toEqual([]);
  expect(PAGE.namedMetrics.length).toBeGreaterThanOrEqual(METRICS.length);
});

test("links within docs/operations.md lead somewhere", () => {
  expect(PAGE.linkedAnchors.filter((anchor) => !PAGE.anchors.includes(anchor))).toEqual([]);
});

test.each(PAGE.metrics.filter(({ expressions }) => expressions.length > 0))(
  "what docs/operations.md says to watch of $name can be asked",
  ({ expressions }) => {
    for (const text of expressions) expect(inspectExpression(text, CATALOGUE).faults, text).toEqual([]);
  },
);
