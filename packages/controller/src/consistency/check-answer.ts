import type { ElectionState, LeaderElector } from "@cluster-ipam/kube";
import type { ActionAnswer } from "@cluster-ipam/telemetry";
import type { CheckDesk } from "./check-desk.ts";

const OK = 200;
const FAILED = 500;
const UNAVAILABLE = 503;

/** Does a check for somebody who asks over HTTP, where this replica leads; else says who does. Never rejects. */
export async function answerCheck(desk: CheckDesk, elector: Pick<LeaderElector, "state">): Promise<ActionAnswer> {
  // A leader that was stopped in its tracks may not have ended its work yet.
  if (elector.state.kind !== "leading") return notLeading(elector.state);
  const outcome = await desk.check();
  switch (outcome.kind) {
    case "done":
      return { status: OK, body: outcome.report };
    case "failed":
      return { status: FAILED, body: { message: `the check failed: ${outcome.cause.message}` } };
    case "not-leading":
      return notLeading(elector.state);
  }
}

function notLeading(state: ElectionState): ActionAnswer {
  const leader = state.kind === "standby" ? state.holder : "";
  return { status: UNAVAILABLE, body: { leader, message: reasonOf(state) } };
}

function reasonOf(state: ElectionState): string {
  const again = "ask again in some seconds";
  switch (state.kind) {
    case "leading":
      return `this replica leads since a moment ago and has not read the cluster yet: ${again}`;
    case "starting":
      return `this replica has not found out yet who leads: ${again}`;
    case "stepping-down":
      return `this replica leads no more, and another one not yet: ${again}`;
    case "standby":
      return state.holder === "" ? `no replica leads just now: ${again}` : `${state.holder} leads: ask that replica`;
  }
}
