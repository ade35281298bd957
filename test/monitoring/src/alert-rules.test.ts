import { expect, test } from "vitest";
import { labelsToldBy, readAlerts, shippedAlerts } from "./alert-rules.ts";
import { inspectExpression } from "./expression.ts";
import { catalogueOf, registeredMetrics } from "./metric-catalogue.ts";
import { OperationsPage } from "./operations-page.ts";

const CATALOGUE = catalogueOf(registeredMetrics());
const ALERTS = shippedAlerts();
const PAGE = new OperationsPage();

test.each(ALERTS)("the alert $alert asks for what agent and controller have", ({ expr }) => {
  expect(inspectExpression(expr, CATALOGUE).faults).toEqual([]);
});

test.each(ALERTS)("the sentences of $alert speak of labels that it has", (alert) => {
  const { labels = new Set() } = inspectExpression(alert.expr, CATALOGUE);
  expect(labelsToldBy(alert).filter((label) => !labels.has(label))).toEqual([]);
});

test.each(ALERTS)("the runbook of $alert is a section of docs/operations.md", ({ alert, annotations }) => {
  expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
  expect(PAGE.anchors).toContain(alert.toLowerCase());
});

test("every alert is there once, and every section about one has one", () => {
  const names = ALERTS.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
  expect(PAGE.alerts.toSorted()).toEqual(names.toSorted());
});

test("an alert on nothing at all would stay silent for ever: each asks for a metric of ours, or for up", () => {
  const silent = ALERTS.filter(({ expr }) => !/\b(?:cluster_ipam_(?:agent|controller)_\w+|up)\b/.test(expr));
  expect(silent).toEqual([]);
});

const RULE = {
  alert: "ClusterIpamTest",
  expr: "up == 0",
  labels: { severity: "critical" },
  annotations: { summary: "a", description: "b", runbook: "docs/operations.md#clusteripamtest" },
};

test.each([
  ["a severity that nobody routes", "severity", { ...RULE, labels: { severity: "urgent" } }],
  ["a key that Prometheus does not know", "expression", { ...RULE, expression: "up" }],
  ["a duration that is none", "no duration of Prometheus", { ...RULE, for: "5 minutes" }],
  ["no runbook", "runbook", { ...RULE, annotations: { summary: "a", description: "b" } }],
  ["no expression", "expr", { ...RULE, expr: "" }],
])("a rule with %s is refused", (_, told, rule) => {
  const textOf = (rules: readonly object[]): string => JSON.stringify({ groups: [{ name: "cluster-ipam-x", rules }] });
  expect(readAlerts(textOf([RULE]))).toHaveLength(1);
  expect(() => readAlerts(textOf([rule]))).toThrow(told);
});
