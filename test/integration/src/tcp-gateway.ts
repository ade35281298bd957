import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { ControlPlane } from "./control-plane.ts";
import type { Run } from "./run.ts";

/** One connection through the gateway. */
interface Pipe {
  readonly client: Socket;
  readonly server: Socket;
  isStalled: boolean;
}

/**
 * A gateway in front of the API server that knows nothing but bytes, which it passes on as they are, TLS included, and
 * with which it does what networks do: it breaks connections, also in the midst of an answer, holds them up without a
 * word, or takes no new ones.
 *
 * @example
 * const gateway = await TcpGateway.open(run, controlPlane);
 * const client = new KubeClient({ source: kubeconfigFile(gateway.kubeconfigPath), userAgent: "test/1" });
 * gateway.cut();
 */
export class TcpGateway {
  /** With which a client comes this way, as cluster-admin. */
  readonly kubeconfigPath: string;
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #pipes = new Set<Pipe>();
  #isShut = false;
  /** How many more bytes the server's answers may have before the connection breaks. */
  #allowance: number = Number.POSITIVE_INFINITY;

  private constructor(kubeconfigPath: string, target: URL) {
    this.kubeconfigPath = kubeconfigPath;
    this.#target = { host: target.hostname, port: Number(target.port) };
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens on 127.0.0.1 until the run is closed. */
  static async open(run: Run, { server, kubeconfigPath }: ControlPlane): Promise<TcpGateway> {
    const path = `${kubeconfigPath}-tcp-gateway`;
    const gateway = new TcpGateway(path, new URL(server.url));
    gateway.#server.listen(0, "127.0.0.1");
    await once(gateway.#server, "listening");
    run.defer(() => gateway.#close());
    const { port } = gateway.#server.address() as AddressInfo;
    const config = await readFile(kubeconfigPath, "utf8");
    await writeFile(path, config.replace(server.url, `https://127.0.0.1:${port}`), { mode: 0o600 });
    return gateway;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#pipes.size;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const { client, server } of this.#pipes) {
      client.destroy();
      server.destroy();
    }
  }

  /** Breaks every connection once the server has sent so many bytes more, and passes those on. */
  cutAfter(bytes: number): void {
    this.#allowance = bytes;
  }

  /** Passes nothing more on over the connections that there are, and keeps them open. New ones are as ever. */
  stall(): void {
    for (const pipe of this.#pipes) pipe.isStalled = true;
  }

  /** Breaks every connection, and every new one, until {@link reopen}. */
  shut(): void {
    this.#isShut = true;
    this.cut();
  }

  reopen(): void {
    this.#isShut = false;
  }

  #accept(client: Socket): void {
    // Ends that are not awaited end in errors, which are of no interest.
    client.on("error", () => client.destroy());
    if (this.#isShut) return void client.destroy();
    const server = connect(this.#target);
    const pipe = { client, server, isStalled: false };
    this.#pipes.add(pipe);
    server.on("error", () => server.destroy());
    client.on("close", () => server.destroy());
    server.on("close", () => {
      this.#pipes.delete(pipe);
      client.destroy();
    });
    client.on("data", (bytes) => {
      if (!pipe.isStalled) server.write(bytes);
    });
    server.on("data", (bytes) => this.#answer(pipe, bytes));
  }

  #answer({ client, isStalled }: Pipe, bytes: Buffer): void {
    if (isStalled) return;
    const passed = bytes.subarray(0, this.#allowance);
    this.#allowance -= passed.length;
    client.write(passed, () => {
      if (passed.length === bytes.length) return;
      this.#allowance = Number.POSITIVE_INFINITY;
      this.cut();
    });
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }
}
