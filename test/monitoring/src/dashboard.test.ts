import { expect, test } from "vitest";
import { areOverlapping, labelsNamedBy, readDashboard, shippedDashboard, withoutVariables } from "./dashboard.ts";
import { inspectExpression } from "./expression.ts";
import { catalogueOf, registeredMetrics } from "./metric-catalogue.ts";

const CATALOGUE = catalogueOf(registeredMetrics());
const { panels, variables } = shippedDashboard();
const ASKING = panels.filter(({ targets }) => targets.length > 0);

test("the rows are those that operators look for", () => {
  const rows = panels.filter(({ type }) => type === "row").map(({ title }) => title);
  expect(rows).toEqual(["Pools", "ADD", "API server requests", "Garbage", "Controller health", "Agents"]);
});

test.each(ASKING)("panel $title asks for what agent and controller have", ({ targets }) => {
  for (const { expr } of targets) {
    expect(inspectExpression(withoutVariables(expr, variables), CATALOGUE).faults, expr).toEqual([]);
  }
});

test.each(ASKING)("the series of panel $title are named by labels that they have", ({ targets }) => {
  for (const target of targets) {
    const { labels = new Set() } = inspectExpression(withoutVariables(target.expr, variables), CATALOGUE);
    expect(
      labelsNamedBy(target).filter((label) => !labels.has(label)),
      target.expr,
    ).toEqual([]);
  }
});

test("the values of each variable are those of a label that its metric has", () => {
  const asking = variables.filter(({ definition }) => definition !== "");
  expect(asking.map(({ name }) => name)).toEqual(["pool", "agent"]);
  for (const { definition } of asking) {
    const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
    expect(CATALOGUE.get(metric)?.labels.has(label), definition).toBe(true);
  }
});

test("panels have ids, titles and places of their own, and targets names of their own", () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(ASKING.map(({ title }) => title)).size).toBe(ASKING.length);
  for (const { targets } of ASKING) expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  const overlapping = panels.flatMap((a, index) =>
    panels.slice(index + 1).filter((b) => areOverlapping(a.gridPos, b.gridPos)),
  );
  expect(overlapping).toEqual([]);
  expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
});

const PANEL = {
  id: 1,
  type: "stat",
  title: "Pools",
  description: "How many.",
  datasource: { type: "prometheus", uid: "${datasource}" },
  gridPos: { h: 4, w: 6, x: 0, y: 0 },
  targets: [{ refId: "A", expr: "up" }],
};

test.each([
  ["of a data source of one machine", "uid", { ...PANEL, datasource: { type: "prometheus", uid: "abc" } }],
  ["without a description", "description", { ...PANEL, description: "" }],
  ["that asks for nothing", "targets", { ...PANEL, targets: [] }],
  ["of a type that Grafana has given up", "type", { ...PANEL, type: "graph" }],
])("a panel %s is refused", (_, told, panel) => {
  const textOf = (one: object): string =>
    JSON.stringify({ uid: "x", title: "x", schemaVersion: 39, templating: { list: [] }, panels: [one] });
  expect(readDashboard(textOf(PANEL)).panels).toHaveLength(1);
  expect(() => readDashboard(textOf(panel))).toThrow(told);
});

test("a variable that nobody declares is found out, and so is a panel over another one", () => {
  const declared = [{ name: "pool", definition: "" }];
  expect(withoutVariables('rate(x{pool=~"$pool"}[$__rate_interval])', declared)).toBe('rate(x{pool=~".*"}[5m])');
  expect(() => withoutVariables('x{pool=~"${poool}"}', declared)).toThrow("${poool} is declared nowhere");
  const place = { h: 4, w: 6, x: 0, y: 0 };
  expect(
    [
      { ...place, x: 6 },
      { ...place, x: 5, y: 3 },
    ].map((other) => areOverlapping(place, other)),
  ).toEqual([false, true]);
});
