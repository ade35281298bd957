import { AsyncLocalStorage } from "node:async_hooks";
import { encodeTraceLine, isObject, type TracedRequest } from "@cluster-ipam/cni";
import type { TraceFile } from "./trace-file.ts";
import type { TraceSwitch } from "./trace-switch.ts";

/** So many requests of one call are written down; none that ends well makes as many. */
const REQUESTS_MAX = 1_000;

/** What a call trace is made of. */
export interface CallTraceDeps {
  readonly node: string;
  readonly control: Pick<TraceSwitch, "path">;
  readonly file: Pick<TraceFile, "append" | "flush">;
  /** The wall clock. */
  readonly epochMs: () => number;
}

/** What the caller of a traced call gets to see. */
export interface TracedAnswer {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

/** Writes calls down while the trace is on, each with the requests to the API server that were made for it. */
export class CallTrace {
  readonly #deps: CallTraceDeps;
  readonly #requests = new AsyncLocalStorage<TracedRequest[]>();
  #openCalls = 0;

  constructor(deps: CallTraceDeps) {
    this.#deps = deps;
  }

  /** Carries a call out, and writes it down when the trace was on at its start. */
  async observe<T extends TracedAnswer>(wire: unknown, carryOut: () => Promise<T>): Promise<T> {
    const path = this.#deps.control.path;
    return path === undefined ? carryOut() : this.#write(path, wire, carryOut);
  }

  /**
   * A request to the API server has ended. It belongs to the call in whose course it was made; one that several calls
   * wait for, to the first of them.
   */
  requestEnded(request: TracedRequest): void {
    if (this.#openCalls === 0) return;
    const requests = this.#requests.getStore();
    if (requests !== undefined && requests.length < REQUESTS_MAX) requests.push(request);
  }

  /** Resolves when all that has ended is written. */
  async close(): Promise<void> {
    await this.#deps.file.flush();
  }

  async #write<T extends TracedAnswer>(path: string, wire: unknown, carryOut: () => Promise<T>): Promise<T> {
    const { node, file, epochMs } = this.#deps;
    const [startedAtEpochMs, startedAtMs] = [epochMs(), performance.now()];
    const requests: TracedRequest[] = [];
    this.#openCalls += 1;
    try {
      const answer = await this.#requests.run(requests, carryOut);
      const { text: stdout, exitCode } = answer;
      const durationMs = performance.now() - startedAtMs;
      const told = {
        startedAtEpochMs,
        by: "agent",
        node,
        stdout,
        exitCode,
        durationMs,
        requests,
        ...inputOf(wire),
      } as const;
      // Not now: the caller waits.
      setImmediate(() => file.append(path, encodeTraceLine(told)));
      return answer;
    } finally {
      this.#openCalls -= 1;
    }
  }
}

function inputOf(wire: unknown): { readonly env: Readonly<Record<string, string>>; readonly stdin: string } {
  const { env, stdin } = isObject(wire) ? wire : {};
  const variables = isObject(env) ? Object.entries(env) : [];
  return {
    env: Object.fromEntries(variables.map(([name, value]) => [name, String(value)])),
    stdin: typeof stdin === "string" ? stdin : "",
  };
}
