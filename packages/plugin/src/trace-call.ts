import { encodeTraceLine, TRACE_MAX_BYTES, traceControlPath, tracePath } from "@cluster-ipam/cni";
import type { CallEnd } from "./agent-answer.ts";
import type { BootTime, Host } from "./host.ts";

const NS_PER_MS = 1_000_000;

/** What a call came with, as far as it has been read. */
export interface CallInput {
  startedAt: BootTime | undefined;
  env: Readonly<Record<string, string>>;
  stdin: string;
}

/**
 * Writes a call that the agent did not answer into the trace, if that is on: one attempt to open a file where it is not.
 * Never throws; a trace that cannot be written is nobody's failure.
 *
 * @param spoolFolder lies in the agent's state folder, where the trace is switched on
 */
export function traceCall(host: Host, { startedAt, env, stdin }: CallInput, end: CallEnd, spoolFolder: string): void {
  try {
    const stateFolder = spoolFolder.replace(/\/+[^/]*\/*$/, "");
    const control = host.readFile(traceControlPath(stateFolder));
    if (control === undefined) return;
    const now = host.bootTime();
    const { ns, epochMs } = startedAt ?? now;
    const durationMs = Number(now.ns - ns) / NS_PER_MS;
    const { stdout, exitStatus: exitCode, by } = end;
    const line = encodeTraceLine({ startedAtEpochMs: epochMs, by, env, stdin, stdout, exitCode, durationMs });
    host.appendFile(tracePath(control, stateFolder), line, TRACE_MAX_BYTES);
  } catch {
    // The call has been answered: that is what counts.
  }
}
