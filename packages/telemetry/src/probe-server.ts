import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ListenAddress } from "./listen-address.ts";
import type { MetricRegistry } from "./metric-registry.ts";

/** Far longer than anybody takes who asks for metrics or probes. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Prometheus, the kubelet, and some people. */
const CONNECTIONS_MAX = 16;
const HEADERS_MAX_BYTES = 8_192;

const OK = 200;
const NOT_FOUND = 404;
const NOT_ALLOWED = 405;
const FAILED = 500;
const UNAVAILABLE = 503;

/** What is wrong, one sentence each; nothing when all is well. */
export type Probe = () => Promise<readonly string[]>;

/** What a {@link ProbeServer} serves. */
export interface ProbeServerOptions {
  readonly metrics: Pick<MetricRegistry, "text" | "contentType">;
  /** Whether a restart would help: `/livez`. */
  readonly live: Probe;
  /** Whether the process does its work: `/readyz`. */
  readonly ready: Probe;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Serves metrics and probes over HTTP, to whoever asks: nothing here changes anything, or is secret. */
export class ProbeServer {
  readonly #options: ProbeServerOptions;
  readonly #server: Server;

  constructor(options: ProbeServerOptions) {
    this.#options = options;
    const limits = { requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: HEADERS_MAX_BYTES };
    this.#server = createServer(limits, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * Listens, and resolves with the port.
   *
   * @throws the error of the network, with the address
   */
  async listen({ host, port }: ListenAddress): Promise<number> {
    this.#server.listen({ host, port });
    await once(this.#server, "listening");
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = method === "GET" || method === "HEAD" ? await this.#page(url.split("?", 1)[0]) : notAllowed();
    response.writeHead(page.status, { "content-type": page.type, "cache-control": "no-store" });
    response.end(page.text);
  }

  async #page(path: string | undefined): Promise<Page> {
    const { metrics, live, ready } = this.#options;
    try {
      if (path === "/metrics") return { status: OK, type: metrics.contentType, text: await metrics.text() };
      if (path === "/livez") return verdict(await live());
      if (path === "/readyz") return verdict(await ready());
      return plain(NOT_FOUND, "not found: /metrics, /livez, /readyz");
    } catch (error) {
      return plain(FAILED, error instanceof Error ? error.message : String(error));
    }
  }
}

function verdict(problems: readonly string[]): Page {
  return problems.length === 0 ? plain(OK, "ok") : plain(UNAVAILABLE, problems.join("\n"));
}

function notAllowed(): Page {
  return plain(NOT_ALLOWED, "only GET is served");
}

function plain(status: number, text: string): Page {
  return { status, type: "text/plain; charset=utf-8", text: `${text}\n` };
}
