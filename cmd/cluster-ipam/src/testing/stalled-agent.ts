import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process of its own that is stopped, so that nobody takes connections and the kernel's queue of them is full. */
export class StalledAgent implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #waiting: Socket[] = [];

  private constructor(folder: string, response: string) {
    this.#folder = folder;
    this.path = join(folder, "agent.sock");
    const text = JSON.stringify(response);
    const listenOn = JSON.stringify({ path: this.path, backlog: 1 });
    const server = `require("node:net").createServer((s) => s.on("error", () => {}).once("data", () => s.end(${text})))
      .listen(${listenOn}, () => console.log("up"))`;
    this.#process = spawn(process.execPath, ["-e", server], { stdio: ["ignore", "pipe", "ignore"] });
  }

  /** Starts an agent that gives `response` to everybody, once it is resumed. */
  static async start(response: string): Promise<StalledAgent> {
    const agent = new StalledAgent(mkdtempSync(join(tmpdir(), "cluster-ipam-")), response);
    await once(agent.#process.stdout ?? agent.#process, "data");
    agent.#process.kill("SIGSTOP");
    await agent.#fillQueue();
    return agent;
  }

  /** Lets it take connections again. */
  resume(): void {
    this.#process.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#waiting) socket.destroy();
    const isOver = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await isOver;
    rmSync(this.#folder, { recursive: true });
  }

  /** Connects until the kernel says EAGAIN. */
  async #fillQueue(): Promise<void> {
    for (;;) {
      const socket = connect(this.path);
      this.#waiting.push(socket);
      const code = await new Promise<string | undefined>((resolve) => {
        socket.on("connect", () => resolve(undefined));
        socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      if (code === "EAGAIN") return;
      if (code !== undefined) throw new Error(`expected EAGAIN of a full queue, got ${code}`);
    }
  }
}
