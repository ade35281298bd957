import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What an agent does with a connection once the whole request is there. */
export type Script = (socket: Socket) => void;

/** When an agent acts: `request` once the whole request is there, `first byte` as soon as anything is. */
export type Cue = "request" | "first byte";

/** An agent that does as told: a bare server on a unix socket, with no HTTP of its own between a test and the bytes. */
export class ScriptedAgent implements AsyncDisposable {
  readonly path: string;
  /** The whole text of every request so far. */
  readonly requests: string[] = [];
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** An agent whose socket has a path but that does not listen yet. */
  constructor(script: Script, cue: Cue = "request") {
    this.#folder = mkdtempSync(join(tmpdir(), "cluster-ipam-"));
    this.path = join(this.#folder, "agent.sock");
    this.#server = createServer((socket) => this.#serve(socket, script, cue));
  }

  /** An agent that listens. */
  static async start(script: Script, cue: Cue = "request"): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(script, cue);
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

  #serve(socket: Socket, script: Script, cue: Cue): void {
    this.#sockets.add(socket);
    const chunks: Buffer[] = [];
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (cue === "request" && !isWhole(bytes)) return;
      const text = bytes.toString("utf8");
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

function isWhole(request: Buffer): boolean {
  const headBytes = request.indexOf("\r\n\r\n");
  const length = /\r\nContent-Length: (\d+)(?:\r\n|$)/.exec(request.toString("latin1", 0, Math.max(0, headBytes)))?.[1];
  return length !== undefined && request.length - headBytes - 4 >= Number(length);
}
