import { expect, test } from "vitest";
import { countRefusals, countRequests, parseRequestTotals, requestsBetween } from "./request-metrics.ts";

const LABELS = 'component="apiserver",dry_run="",group="cluster-ipam.io",scope="resource",version="v1alpha1"';
const METRICS = `# HELP apiserver_request_total [STABLE] Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",${LABELS},resource="ipleases",subresource="",verb="POST"} 7
apiserver_request_total{code="409",${LABELS},resource="ipleases",subresource="",verb="POST"} 2
apiserver_request_total{code="200",${LABELS},resource="ippools",subresource="status",verb="PUT"} 1.2e+06
apiserver_request_duration_seconds_count{resource="ipleases",verb="POST"} 9
`;

test("parseRequestTotals reads the counter and skips everything else", () => {
  expect(parseRequestTotals(METRICS)).toEqual([
    { verb: "POST", resource: "ipleases", subresource: "", code: "201", count: 7 },
    { verb: "POST", resource: "ipleases", subresource: "", code: "409", count: 2 },
    { verb: "PUT", resource: "ippools", subresource: "status", code: "200", count: 1_200_000 },
  ]);
});

test("countRefusals adds up who was not known, had no right, or was refused by a policy", () => {
  const refusals = `authentication_attempts{result="success"} 100
authentication_attempts{result="failure"} 2
authorization_attempts_total{result="allowed"} 98
authorization_attempts_total{result="no-opinion"} 3
authorization_attempts_total{result="denied"} 4
apiserver_request_total{code="403",${LABELS},resource="ipleases",subresource="",verb="POST"} 5
`;
  expect(countRefusals(METRICS)).toBe(0);
  expect(countRefusals(METRICS + refusals)).toBe(14);
});

test("requestsBetween keeps what has grown and what is new", () => {
  const before = parseRequestTotals(METRICS);
  const grown = before.map((total) => (total.code === "409" ? { ...total, count: 5 } : total));
  const fresh = { verb: "LIST", resource: "ipleases", subresource: "", code: "200", count: 1 };
  expect(requestsBetween(before, [...grown, fresh])).toEqual([
    { verb: "POST", resource: "ipleases", subresource: "", code: "409", count: 3 },
    fresh,
  ]);
});

test("requestsBetween adds up series that differ in other labels alone", () => {
  const total = { verb: "GET", resource: "ipleases", subresource: "", code: "200" };
  const before = [
    { ...total, count: 4 },
    { ...total, count: 10 },
  ];
  const after = [
    { ...total, count: 5 },
    { ...total, count: 12 },
  ];
  expect(countRequests(requestsBetween(before, after), {})).toBe(3);
});

test("countRequests sums up what matches every field given", () => {
  const totals = parseRequestTotals(METRICS);
  expect(countRequests(totals, { resource: "ipleases", verb: "POST" })).toBe(9);
  expect(countRequests(totals, { code: "409" })).toBe(2);
  expect(countRequests(totals, { resource: "ippools", verb: "POST" })).toBe(0);
});
