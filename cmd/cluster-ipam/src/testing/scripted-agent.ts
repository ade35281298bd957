import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What an agent does with a connection once the whole request is there. */
export type Script = (socket: Socket) => void;

/** An agent that does as told: a bare server on a unix socket, with no HTTP of its own between a test and the bytes. */
export class ScriptedAgent implements AsyncDisposable {
  readonly path: string;
  /** The whole text of every request so far. */
  readonly requests: string[] = [];
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** An agent whose socket has a path but that does not listen yet. */
  constructor(script: Script) {
    this.#folder = mkdtempSync(join(tmpdir(), "cluster-ipam-"));
    this.path = join(this.#folder, "agent.sock");
    this.#server = createServer((socket) => this.#serve(socket, script));
  }

  /** An agent that listens. */
  static async start(script: Script): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(script);
    await agent.listen();
    return agent;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) {
      this.#server.close();
      await once(this.#server, "close");
    }
    rmSync(this.#folder, { recursive: true });
  }

  #serve(socket: Socket, script: Script): void {
    this.#sockets.add(socket);
    const chunks: Buffer[] = [];
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const text = Buffer.concat(chunks).toString("utf8");
      if (!isWhole(text)) return;
      this.requests.push(text);
      script(socket);
    });
  }
}

/** A script that answers with `status` and `body` and closes. */
export function answering(status: number, body: string): Script {
  return (socket) => socket.end(responseText(status, body));
}

/** An HTTP answer of the form that the agent gives. */
export function responseText(status: number, body: string): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function isWhole(request: string): boolean {
  const length = /\r\nContent-Length: (\d+)\r\n/.exec(request)?.[1];
  const bodyStart = request.indexOf("\r\n\r\n") + 4;
  return length !== undefined && Buffer.byteLength(request.slice(bodyStart)) >= Number(length);
}
