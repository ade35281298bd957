import type { ElectionState } from "@cluster-ipam/kube";
import { expect, test } from "vitest";
import { answerCheck } from "./check-answer.ts";
import { CheckDesk, type CheckOutcome } from "./check-desk.ts";
import { reportOf } from "./check-report.ts";
import { NO_FINDINGS } from "./finding.ts";

const LEADING: ElectionState = { kind: "leading" };
const CLEAN = { found: [], counts: NO_FINDINGS, leases: 7, pods: 3, unreadablePods: 0, unconfirmed: 0 };
const REPORT = reportOf(CLEAN, new Date(0), 1.6);

function deskWith(outcome: CheckOutcome): CheckDesk {
  const desk = new CheckDesk();
  desk.open(() => Promise.resolve(outcome));
  return desk;
}

test("a leader answers with what it has found", async () => {
  const answer = await answerCheck(deskWith({ kind: "done", report: REPORT }), { state: LEADING });
  expect(answer).toEqual({ status: 200, body: REPORT });
  expect(REPORT).toMatchObject({ checkedAt: "1970-01-01T00:00:00.000Z", durationMs: 2, leases: 7, findings: [] });
});

test("a check that has failed is a failure", async () => {
  const desk = deskWith({ kind: "failed", cause: new Error("pods is forbidden") });
  const body = { message: "the check failed: pods is forbidden" };
  expect(await answerCheck(desk, { state: LEADING })).toEqual({ status: 500, body });
});

test.each<readonly [ElectionState, string, string]>([
  [{ kind: "standby", holder: "c2_0f6f" }, "c2_0f6f", "c2_0f6f leads: ask that replica"],
  [{ kind: "standby", holder: "" }, "", "no replica leads just now: ask again in some seconds"],
  [{ kind: "starting" }, "", "this replica has not found out yet who leads: ask again in some seconds"],
  [
    { kind: "stepping-down", forMs: 1 },
    "",
    "this replica leads no more, and another one not yet: ask again in some seconds",
  ],
])("a replica that does not lead says who does, and has nothing checked: %j", async (state, leader, message) => {
  const desk = new CheckDesk();
  desk.open(() => Promise.reject(new Error("it was asked")));
  expect(await answerCheck(desk, { state })).toEqual({ status: 503, body: { leader, message } });
});

test("a leader that has not read the cluster yet says so", async () => {
  const message = "this replica leads since a moment ago and has not read the cluster yet: ask again in some seconds";
  expect(await answerCheck(new CheckDesk(), { state: LEADING })).toEqual({
    status: 503,
    body: { leader: "", message },
  });
});

test("a leader that is deposed meanwhile says who leads by then", async () => {
  const elector: { state: ElectionState } = { state: LEADING };
  const desk = new CheckDesk();
  desk.open(() => {
    elector.state = { kind: "standby", holder: "c2" };
    return Promise.resolve({ kind: "not-leading" });
  });
  expect(await answerCheck(desk, elector)).toMatchObject({ status: 503, body: { leader: "c2" } });
});
