import { type Dispatcher, Pool, ProxyAgent } from "undici";
import { type Endpoint, isSameEndpoint } from "./access.ts";

/**
 * Bounds of the connections to the API server.
 *
 * - `connections`: as many as a node starts pods at once; fewer cost throughput under load, and they exist only then.
 * - `keepAliveTimeout`: shorter than the 90 s after which kube-apiserver closes idle connections (IdleTimeout in
 *   k8s.io/apiserver/pkg/server/secure_serving.go), so that a request never meets one that is being closed.
 * - `connectTimeout`: leaves a write of a few seconds the time to be sent to another server after a lost SYN.
 * - `keepAliveInitialDelay`: shorter than the idle time-outs of load balancers, as client-go has it.
 * - HTTP/1.1: measured faster than HTTP/2 for one request at a time, and no slower for many.
 */
const LIMITS = {
  connections: 64,
  keepAliveTimeout: 80_000,
  connectTimeout: 3_000,
  pipelining: 1,
  allowH2: false,
} as const;
const KEEP_ALIVE_PROBES = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** The connections to one API server; made anew when certificates change, or when they may be dead. */
export class Connections {
  readonly #retired = new Set<Promise<void>>();
  #current: { readonly endpoint: Endpoint; readonly dispatcher: Dispatcher } | undefined;

  /** The connections to use for `endpoint`. */
  dispatcher(endpoint: Endpoint): Dispatcher {
    const current = this.#current;
    if (current !== undefined) {
      if (current.endpoint === endpoint || isSameEndpoint(current.endpoint, endpoint)) return current.dispatcher;
      this.retire(current.dispatcher);
    }
    const dispatcher = connect(endpoint);
    this.#current = { endpoint, dispatcher };
    return dispatcher;
  }

  /**
   * Uses `dispatcher` for no further request, and closes each of its connections once nothing runs on it. After a
   * server is lost without a word all idle connections to it are dead, and each would cost a request its time-out.
   */
  retire(dispatcher: Dispatcher): void {
    if (this.#current?.dispatcher !== dispatcher) return;
    this.#current = undefined;
    const closing = dispatcher.close().finally(() => this.#retired.delete(closing));
    this.#retired.add(closing);
  }

  /** Waits for what runs, then closes everything. */
  async close(): Promise<void> {
    if (this.#current !== undefined) this.retire(this.#current.dispatcher);
    await Promise.all(this.#retired);
  }
}

function connect({ origin, proxyUrl, tls }: Endpoint): Dispatcher {
  const connectOptions = { ...tls, ...KEEP_ALIVE_PROBES };
  if (proxyUrl === undefined) return new Pool(origin, { ...LIMITS, connect: connectOptions });
  return new ProxyAgent({ ...LIMITS, uri: proxyUrl, requestTls: connectOptions });
}
