import type { EventSink } from "./events.ts";
import type { ReconcileMode } from "./reconcile-report.ts";

/** What reconciliation needs beside the agent's own parts. */
export interface ReconciliationDeps {
  readonly mode: ReconcileMode;
  readonly events: EventSink;
}

/** An agent that compares nothing by itself. */
export const NO_RECONCILIATION: ReconciliationDeps = {
  mode: "off",
  events: { tell: () => undefined },
};
