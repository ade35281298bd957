/** One request to the API server. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path whose segments are percent-encoded, without a query. */
  readonly path: string;
  /** Query parameters, not encoded yet. `timeout` is added by the client. */
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** Media type asked for; `application/json` by default. */
  readonly accept?: string;
  /** How long the answer may take, the time in the queue, for credentials and for a new connection included. */
  readonly timeoutMs: number;
  /** Whether the same was asked for just before, without a usable answer; for those who count. */
  readonly isRetry?: boolean;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
}

/** The API server answered, with whatever status; the body has been received in full. */
export interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly body: string;
  /** From the header Retry-After, where it gives seconds. */
  readonly retryAfterMs?: number;
}

/** There was no answer, or not all of it. */
export interface Failed {
  readonly kind: "failed";
  readonly cause: Error;
  /** Whether some of the request was written to a connection: if not, the server has surely not acted on it. */
  readonly isSent: boolean;
}

/** What became of one request. */
export type KubeAnswer = Answered | Failed;
