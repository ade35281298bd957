import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { ConfigSource } from "../config-source.ts";
import { type SelfSignedCertificate, selfSignedCertificate } from "./self-signed-certificate.ts";

/** A request as it arrived, in full. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the server does with one request. */
export type Answer = (response: ServerResponse, request: ReceivedRequest) => void;

/** How a server is started. */
export interface ScriptedServerOptions {
  /** PEM of the one client certificate that is let in; absent lets everybody in. */
  readonly clientCertificate?: string;
}

const NAME = "api.test";

/** Answers with a status and a JSON document. */
export function answerJson(status: number, document: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return answerText(status, JSON.stringify(document), { "content-type": "application/json", ...headers });
}

/** Answers with a status and any text. */
export function answerText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => response.writeHead(status, { "content-length": Buffer.byteLength(text), ...headers }).end(text);
}

/** Answers as the API server does when it does not do what it was asked (`Status` of meta/v1). */
export function answerStatus(code: number, reason: string, message: string, fields: readonly string[] = []): Answer {
  const details = { causes: fields.map((field) => ({ field })) };
  return answerJson(code, { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details });
}

/** Never answers. */
export const HANG: Answer = () => undefined;

/** Closes the connection without an answer. */
export const HANG_UP: Answer = (response) => response.socket?.destroy();

/** Announces a body, sends a part of it and closes the connection. */
export function cutBody(status: number): Answer {
  return (response) => {
    response.writeHead(status, { "content-length": 1_000 }).write('{"kind":"IPLease","metadata":{"na');
    setImmediate(() => response.socket?.destroy());
  };
}

/** Answers with what is not HTTP. */
export const GARBAGE: Answer = (response) => response.socket?.end("no such protocol\r\n\r\n");

/** An HTTPS server on 127.0.0.1 that does with each request what the test has put on its list. */
export class ScriptedServer implements AsyncDisposable {
  /** Every request so far, in the order of arrival. */
  readonly requests: ReceivedRequest[] = [];
  readonly certificate: SelfSignedCertificate;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  #answers: Answer[] = [];
  #accepted = 0;

  private constructor({ clientCertificate }: ScriptedServerOptions) {
    this.certificate = selfSignedCertificate(NAME);
    const authentication = clientCertificate === undefined ? {} : { requestCert: true, ca: clientCertificate };
    this.#server = createServer({ ...this.certificate, ...authentication, keepAliveTimeout: 60_000 });
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("secureConnection", () => (this.#accepted += 1));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** Starts a server on a free port. */
  static async start(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(options);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  /** `https://127.0.0.1:<port>`. */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections ever accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** What to do with the next requests, one each; the last one stays for all that follow. */
  answerWith(...answers: readonly Answer[]): void {
    this.#answers = [...answers];
  }

  /** Closes every connection, as a restart does. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The configuration of a client of this server. */
  source({
    cluster = {},
    user = { token: "secret" },
  }: {
    readonly cluster?: object;
    readonly user?: object;
  } = {}): ConfigSource {
    const ca = { "certificate-authority-data": Buffer.from(this.certificate.cert).toString("base64") };
    return configSource({ server: this.url, ...ca, ...cluster }, user);
  }

  /** Ends the server and all its connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.dropConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: target = "", headers } = request;
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    const received = { method, target, headers, body };
    this.requests.push(received);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    (answer ?? answerText(500, "the test has no answer"))(response, received);
  }
}

/** A configuration of one cluster and one user, with the keys of a kubeconfig file. */
export function configSource(cluster: object, user: object): ConfigSource {
  const name = "test";
  return () => {
    const config = new KubeConfig();
    const contexts = [{ name, context: { cluster: name, user: name } }];
    const document = { clusters: [{ name, cluster }], users: [{ name, user }], contexts, "current-context": name };
    // JSON is YAML, too.
    config.loadFromString(JSON.stringify(document));
    return config;
  };
}
