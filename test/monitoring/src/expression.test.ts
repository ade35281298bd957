import { expect, test } from "vitest";
import { inspectExpression } from "./expression.ts";
import { catalogueOf } from "./metric-catalogue.ts";

const CATALOGUE = catalogueOf([
  { name: "free", kind: "gauge", labels: ["pool"] },
  { name: "capacity", kind: "gauge", labels: ["pool"] },
  { name: "calls_total", kind: "counter", labels: ["command", "code"] },
  { name: "call_seconds", kind: "histogram", labels: ["command"] },
]);

test.each<readonly [string, readonly string[] | undefined]>([
  ["free", ["instance", "job", "pool"]],
  ["max by (pool) (free) < 0.1 * max by (pool) (capacity)", ["pool"]],
  ["sum(calls_total) by (code, instance)", ["code", "instance"]],
  ["sum without (instance, job) (free)", ["pool"]],
  ["sum(rate(calls_total[5m])) > 0", []],
  ['histogram_quantile(0.99, sum by (le) (rate(call_seconds_bucket{command="ADD"}[5m])))', []],
  ["rate(call_seconds_sum[5m]) / rate(call_seconds_count[5m])", ["command", "instance", "job"]],
  ["predict_linear((max by (pool) (free))[6h:5m], 24 * 3600) < 0", ["pool"]],
  ["time() - free", ["instance", "job", "pool"]],
  ["free == 1 and on (instance) sum by (instance) (increase(calls_total[5m])) > 0", ["instance", "job", "pool"]],
  [
    "free * on (instance) group_left (command) sum by (instance, command) (calls_total)",
    ["command", "instance", "job", "pool"],
  ],
  ["topk(3, free offset 1h)", ["instance", "job", "pool"]],
  ["absent(free)", []],
  ["-free", ["instance", "job", "pool"]],
  ['up{job="x"} == 0', ["instance", "job"]],
  ["24 * 3600", undefined],
])("%s means what it says", (text, labels) => {
  const found = inspectExpression(text, CATALOGUE);
  expect(found.faults).toEqual([]);
  expect(found.labels && [...found.labels].toSorted()).toEqual(labels);
});

test.each([
  ["sum(free", "no expression from character 9 on: its end"],
  ["free >", "no expression from character 7 on: its end"],
  ["free{pool=lab}", "no expression from character 11 on: lab}"],
  ["", "no expression from character 1 on: its end"],
  ["freee", "there is no metric freee"],
  ["call_seconds", "there is no metric call_seconds"],
  ["free_bucket", "there is no metric free_bucket"],
  ['free{pol="lab"}', "there is no label pol in free"],
  ["sum by (pol) (free)", "there is no label pol in sum by (pol) (free)"],
  ["sum by (command) (sum by (code) (calls_total))", "there is no label command in sum by"],
  ["sum without (code) (free)", "there is no label code in sum without"],
  [
    "histogram_quantile(0.9, sum by (command) (rate(call_seconds_bucket[5m])))",
    "there is no label le in histogram_quantile",
  ],
  ["rate(free[5m])", "rate wants a counter, and free is a gauge"],
  ["deriv(calls_total[5m])", "deriv wants a gauge, and calls_total is a counter"],
  ["rate(calls_total)", "rate has no range"],
  ["abs(free[5m])", "abs has a range"],
  ["max by (pool) (free) / sum(capacity)", "has {pool} on its left and {} on its right"],
  ["free and sum by (code) (calls_total)", "has {instance, job, pool} on its left and {code} on its right"],
  ["free and on (pool) sum by (code) (calls_total)", "there is no label pool in free and on (pool)"],
])("%s is found out: %s", (text, fault) => {
  expect(inspectExpression(text, CATALOGUE).faults).toContainEqual(expect.stringContaining(fault));
});
