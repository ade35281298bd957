import type { FastifyInstance } from "fastify";
import { boundedServer, listenAt } from "./bounded-server.ts";
import type { ListenAddress } from "./listen-address.ts";

const NOT_FOUND = 404;
const NOT_ALLOWED = 405;
const FAILED = 500;

/** What came of an action. */
export interface ActionAnswer {
  /** HTTP. */
  readonly status: number;
  /** Is sent as JSON. */
  readonly body: object;
}

/** Something that people have done now instead of later. It goes on when whoever asked has hung up. */
export type Action = () => Promise<ActionAnswer>;

/** What an {@link ActionServer} is made of. */
export interface ActionServerOptions {
  /** By their paths, such as `/v1/check`. */
  readonly actions: Readonly<Record<`/${string}`, Action>>;
}

/** Does things over HTTP for whoever reaches it: POST and an empty body, JSON in answer. */
export class ActionServer {
  readonly #server: FastifyInstance;

  constructor({ actions }: ActionServerOptions) {
    const server = boundedServer();
    server.addHook("onRequest", async ({ method }, reply) => {
      if (method !== "POST") await reply.code(NOT_ALLOWED).send({ message: "only POST is served" });
    });
    // `curl --data ''` names a type for the body that it does not send.
    server.addContentTypeParser("*", (_request, payload, done) => {
      payload.resume();
      done(null, undefined);
    });
    for (const [path, action] of Object.entries(actions)) {
      server.post(path, async (_request, reply) => {
        const { status, body } = await action();
        return await reply.code(status).send(body);
      });
    }
    const paths = Object.keys(actions).join(", ");
    server.setNotFoundHandler((_request, reply) => reply.code(NOT_FOUND).send({ message: `not found: ${paths}` }));
    server.setErrorHandler((error, _request, reply) => {
      const { statusCode = FAILED, message } = error as Error & { readonly statusCode?: number };
      return reply.code(statusCode).send({ message });
    });
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

  /** Ends every connection, that of an action under way too. */
  async close(): Promise<void> {
    await this.#server.close();
  }
}
