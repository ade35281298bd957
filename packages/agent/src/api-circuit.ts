import { IpamError } from "@cluster-ipam/errors";

/**
 * What is known of the API server. `open`: it gives no usable answers, and nothing is asked of it for a while.
 * `half-open`: one request is under way to find out.
 */
export type ApiCircuitState =
  | { readonly kind: "closed" }
  | {
      readonly kind: "open" | "half-open";
      /** When the first failure in a row was noticed. */
      readonly since: Date;
      readonly forMs: number;
      /** In words. */
      readonly lastFailure: string;
    };

/** Keeps requests from an API server that gives no answers; the stores fail at once while it does. */
export interface ApiCircuit {
  readonly state: ApiCircuitState;
  /** Whether a request that came now would be sent. */
  readonly isPassable: boolean;
  /** Calls `listener` when the circuit opens, stays open after the request that was let through, or closes. @returns ends that */
  onChange(listener: (state: ApiCircuitState) => void): () => void;
}

/** What calls need of the agent to see whether the API server is there. */
export interface Outages {
  readonly circuit: ApiCircuit;
  /** URL of the API server, for messages. */
  readonly apiServer: string;
}

/**
 * Passes while the API server can be asked, be it to find out.
 *
 * @throws IpamError `apiserver-unreachable` that says since when it cannot, and why
 */
export function assertReachable(agent: Outages): void {
  if (!agent.circuit.isPassable) throw outageError(agent);
}

/** Whether the API server is known to be away; a call that can do without it does not find out. */
export function isAway({ circuit }: Outages): boolean {
  return circuit.state.kind !== "closed";
}

/**
 * Calls `lost` when the API server turns out to be away, also by the one request that was to find out. What waits for
 * it then has waited long enough.
 *
 * @returns ends that
 */
export function onServerLost(agent: Outages, lost: (reason: IpamError) => void): () => void {
  return agent.circuit.onChange(({ kind }) => {
    if (kind !== "closed") lost(outageError(agent));
  });
}

/**
 * A signal that aborts with any of `signals`, or when the API server turns out to be away; to be disposed of after use.
 * Several, so that none is made of others before: Node.js 24 keeps something of each AbortSignal.any() that stands in
 * another one and has a signal that outlives it.
 */
export function whileReachable(
  agent: Outages,
  ...signals: readonly AbortSignal[]
): Disposable & { readonly signal: AbortSignal } {
  const lost = new AbortController();
  const stop = onServerLost(agent, (reason) => lost.abort(reason));
  return { signal: AbortSignal.any([...signals, lost.signal]), [Symbol.dispose]: stop };
}

function outageError({ circuit: { state }, apiServer }: Outages): IpamError {
  if (state.kind === "closed") return new IpamError("apiserver-unreachable", `${apiServer} gives no usable answer`);
  const { since, forMs, lastFailure } = state;
  const time = `for ${(forMs / 1_000).toFixed(1)} s, since ${since.toISOString()}`;
  return new IpamError("apiserver-unreachable", `${apiServer} gives no usable answer ${time}: ${lastFailure}`);
}
