import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { API_PATH } from "@cluster-ipam/api";
import { agentUser } from "./control-plane.ts";
import { type Fault, type RequestFate, type SeenRequest, Trap } from "./request-trap.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

/**
 * A gateway between agents and the API server that does to chosen requests what networks do to them: it loses their
 * answers, or holds them up. Everything else passes as it is.
 *
 * It takes plain HTTP, so that it can tell requests apart, and goes on over TLS with the caller's own token.
 *
 * @example
 * const gateway = await FaultyGateway.open(cluster);
 * await node.startAgent({ kubeconfigPath: await gateway.kubeconfigFor("n1") });
 * const trap = gateway.trap("lose-answer", { method: "POST", resource: "ipleases" });
 */
export class FaultyGateway {
  readonly #cluster: SimulatedCluster;
  readonly #server: Server;
  readonly #upstream: Agent;
  readonly #traps = new Set<Trap>();
  readonly #armed = new Set<Trap>();
  readonly #seen: SeenRequest[] = [];
  #chooseFate: (seen: SeenRequest) => RequestFate | undefined = () => undefined;

  private constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    this.#upstream = new Agent({ keepAlive: true, ca: cluster.controlPlane.api.access.ca });
    this.#server = createServer((incoming, response) => {
      // Whatever goes wrong here must look like a broken connection, not like an answer.
      this.#serve(incoming, response).catch(() => response.destroy());
    });
  }

  /** Listens where the cluster's nodes can reach it, until the cluster is closed. */
  static async open(cluster: SimulatedCluster): Promise<FaultyGateway> {
    const gateway = new FaultyGateway(cluster);
    gateway.#server.listen(0, cluster.fabric.machineAddress);
    await once(gateway.#server, "listening");
    cluster.run.defer(() => gateway.#close());
    return gateway;
  }

  /** Writes a kubeconfig with which a node's agent comes this way. @returns its path. */
  async kubeconfigFor(node: string): Promise<string> {
    const { fabric, controlPlane } = this.#cluster;
    const direct = await controlPlane.kubeconfigFor(agentUser(node));
    const { port } = this.#server.address() as AddressInfo;
    // Without the second key the Kubernetes client refuses plain HTTP.
    const cluster = { server: `http://${fabric.machineAddress}:${port}`, "insecure-skip-tls-verify": true };
    const config = JSON.parse(await readFile(direct, "utf8")) as {
      readonly clusters: readonly { readonly name: string }[];
    };
    const clusters = config.clusters.map(({ name }) => ({ name, cluster }));
    const path = `${direct}-gateway`;
    await writeFile(path, JSON.stringify({ ...config, clusters }), { mode: 0o600 });
    return path;
  }

  /** Sets a trap for the next request of one kind that no earlier trap takes. */
  trap(fault: Fault, wanted: Pick<SeenRequest, "method" | "resource">): Trap {
    const trap = new Trap(fault, wanted);
    this.#traps.add(trap);
    this.#armed.add(trap);
    return trap;
  }

  /** From now on `choose` decides the fate of each request that no trap takes; undefined lets it pass. */
  disturb(choose: (seen: SeenRequest) => RequestFate | undefined): void {
    this.#chooseFate = choose;
  }

  /** Takes the requests for a resource that have arrived since the last time, in their order. */
  takeSeen(resource: string): readonly SeenRequest[] {
    return this.#seen.splice(0).filter((seen) => seen.resource === resource);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const seen = describeRequest(incoming, body);
    this.#seen.push(seen);
    const trap = [...this.#armed].find((candidate) => candidate.matches(seen));
    if (trap !== undefined) this.#armed.delete(trap);
    const fate = trap ?? this.#chooseFate(seen);
    if ((await fate?.beforeForward(seen)) === "drop") return void response.destroy();
    const answer = await this.#forward(incoming, body);
    const answerBody = await text(answer);
    passOn({ answer, body: answerBody, response }, fate?.beforeAnswer(seen) ?? "pass");
  }

  async #forward({ method, url = "/", headers }: IncomingMessage, body: string): Promise<IncomingMessage> {
    const target = new URL(url, this.#cluster.controlPlane.server.url);
    const call = request(target, { method, agent: this.#upstream, headers: { ...headers, host: target.host } });
    call.end(body);
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    return answer;
  }

  async #close(): Promise<void> {
    for (const trap of this.#traps) trap.drop();
    this.#upstream.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function passOn(
  {
    answer,
    body,
    response,
  }: {
    readonly answer: IncomingMessage;
    readonly body: string;
    readonly response: ServerResponse;
  },
  fate: ReturnType<RequestFate["beforeAnswer"]>,
): void {
  if (fate === "withhold") return;
  if (fate === "lose") return void response.destroy();
  response.writeHead(answer.statusCode ?? 0, passedOn(answer.headers));
  if (fate === "pass") return void response.end(body);
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** Less what belongs to one connection: the body is passed on in one piece. */
function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const own = ["connection", "transfer-encoding"];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name)));
}

function describeRequest({ method = "", url = "/" }: IncomingMessage, body: string): SeenRequest {
  const { pathname } = new URL(url, "http://gateway");
  const [resource = "", name = ""] = pathname.startsWith(`${API_PATH}/`)
    ? pathname.slice(API_PATH.length + 1).split("/")
    : [];
  return { method, resource, name: method === "POST" ? nameIn(body) : decodeURIComponent(name) };
}

function nameIn(body: string): string {
  return (JSON.parse(body) as { readonly metadata: { readonly name: string } }).metadata.name;
}
