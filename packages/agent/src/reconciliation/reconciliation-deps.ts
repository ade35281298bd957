import type { NodePods } from "@cluster-ipam/allocator";
import type { EventSink } from "./events.ts";
import type { ReconcileMode } from "./reconcile-report.ts";

/** What reconciliation needs beside the agent's own parts. */
export interface ReconciliationDeps {
  readonly mode: ReconcileMode;
  readonly pods: NodePods;
  readonly events: EventSink;
}

/** An agent that compares nothing by itself. */
export const NO_RECONCILIATION: ReconciliationDeps = {
  mode: "off",
  pods: { list: () => Promise.resolve([]), get: () => Promise.resolve(undefined) },
  events: { tell: () => undefined },
};
