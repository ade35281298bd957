import { createHash } from "node:crypto";
import type { CniCall, CniError, CniOutcome } from "./cni-call.ts";
import type { CniResult } from "./pod-sandbox.ts";

/**
 * An ADD for `net1` of a pod, as a main plugin makes it; what is given replaces its parts. Everything follows from the
 * pod's name, the addresses that strategy Spread tries first included, so that a test meets the same collisions, or
 * none, in every run.
 */
export function addCall(podName: string, config: CniCall["config"], change: Partial<CniCall> = {}): CniCall {
  const id = createHash("sha256").update(podName).digest("hex");
  return {
    command: "ADD",
    containerId: id,
    // No agent sees a namespace here: these calls have no sandbox behind them.
    netns: `/run/netns/absent-${id.slice(0, 12)}`,
    ifName: "net1",
    pod: { namespace: "default", name: podName, uid: id.slice(0, 32) },
    config,
    ...change,
  };
}

/** The DEL that follows an ADD. */
export function delCall(add: CniCall): CniCall {
  return { ...add, command: "DEL" };
}

/** The result of a call that must have succeeded. @throws Error that holds what it said instead. */
export function resultOf(outcome: CniOutcome): CniResult {
  if (outcome.kind === "success") return outcome.result as CniResult;
  throw new Error(`the call failed with code ${outcome.error.code}: ${outcome.error.msg}`);
}

/** The error of a call that must have failed. @throws Error that holds its result. */
export function errorOf(outcome: CniOutcome): CniError {
  if (outcome.kind === "failure") return outcome.error;
  throw new Error(`the call succeeded: ${outcome.stdout}`);
}
