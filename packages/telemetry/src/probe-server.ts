import type { FastifyInstance, FastifyReply } from "fastify";
import { boundedServer, listenAt } from "./bounded-server.ts";
import type { ListenAddress } from "./listen-address.ts";
import type { MetricRegistry } from "./metric-registry.ts";

const OK = 200;
const NOT_FOUND = 404;
const NOT_ALLOWED = 405;
const FAILED = 500;
const UNAVAILABLE = 503;

/** What is wrong, one sentence each; nothing when all is well. */
export type Probe = () => readonly string[] | Promise<readonly string[]>;

/** What a {@link ProbeServer} serves. */
export interface ProbeServerOptions {
  readonly metrics: Pick<MetricRegistry, "text" | "contentType">;
  /** By their paths, such as `/readyz`. */
  readonly probes: Readonly<Record<`/${string}`, Probe>>;
}

/** Serves metrics and probes over HTTP, to whoever asks: nothing here changes anything, or is secret. */
export class ProbeServer {
  readonly #server: FastifyInstance;

  constructor({ metrics, probes }: ProbeServerOptions) {
    const server = boundedServer();
    server.addHook("onRequest", async ({ method }, reply) => {
      if (method !== "GET" && method !== "HEAD") await plain(reply, NOT_ALLOWED, "only GET is served");
    });
    server.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    for (const [path, probe] of Object.entries(probes)) {
      server.get(path, async (_request, reply) => verdict(reply, await probe()));
    }
    const pages = ["/metrics", ...Object.keys(probes)].join(", ");
    server.setNotFoundHandler((_request, reply) => plain(reply, NOT_FOUND, `not found: ${pages}`));
    server.setErrorHandler((error, _request, reply) =>
      plain(reply, FAILED, error instanceof Error ? error.message : String(error)),
    );
    this.#server = server;
  }

  /**
   * Listens, and resolves with the port.
   *
   * @throws the error of the network, with the address
   */
  listen(address: ListenAddress): Promise<number> {
    return listenAt(this.#server, address);
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await this.#server.close();
  }
}

function verdict(reply: FastifyReply, problems: readonly string[]): FastifyReply {
  return problems.length === 0 ? plain(reply, OK, "ok") : plain(reply, UNAVAILABLE, problems.join("\n"));
}

function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type("text/plain; charset=utf-8").send(`${text}\n`);
}
