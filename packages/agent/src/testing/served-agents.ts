import { MemoryLeaseStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { CNI_ROUTE, type WireRequest } from "@cluster-ipam/cni";
import { parseCidr } from "@cluster-ipam/ip";
import { Agent } from "../agent.ts";
import { createServer, type ServerOptions } from "../service/server.ts";
import { LogLines } from "./log-lines.ts";
import { memoryDeps } from "./memory-deps.ts";
import { poolOf } from "./objects.ts";

const KERNEL_COMMAND_LINE =
  "quiet epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8,8.8.4.4 epoxy.ipv6=2001:db8::9/64,2001:db8::1,,";
const NODE_ADDRESSES = ["192.168.7.5/24", "fd77::5/64"];

/** What the plugin would print, and whether it would exit with 0. */
export interface Printed {
  readonly isSuccess: boolean;
  readonly text: string;
}

/**
 * One server, whose schemas take long to compile, and behind it an agent over stores in memory that is made anew for
 * each run of a property.
 */
export class ServedAgents implements AsyncDisposable {
  leases: MemoryLeaseStore = new MemoryLeaseStore();
  readonly #lines = new LogLines();
  readonly #server: ReturnType<typeof createServer>;
  #agent: Agent | undefined;

  constructor(options: ServerOptions = {}) {
    const desk: Pick<Agent, "apiServer" | "call" | "health"> = {
      apiServer: "https://192.0.2.1:6443",
      call: (request, signal) => this.#current.call(request, signal),
      health: () => this.#current.health(),
    };
    this.#server = createServer(desk as Agent, this.#lines.log, options);
  }

  /** An agent that knows nothing yet but the pools `lan` and `wan`, in the place of the last one. */
  async renew(): Promise<void> {
    await this.#agent?.close();
    this.leases = new MemoryLeaseStore();
    const pools = new MemoryPoolStore();
    pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
    pools.put(poolOf("wan", ["10.1.0.0/30"]));
    this.#agent = new Agent(
      memoryDeps({
        leases: this.leases,
        pools,
        log: this.#lines.log,
        readFile: () => "nameserver 10.0.0.53\n",
        readKernelCommandLine: () => KERNEL_COMMAND_LINE,
        nodeAddresses: () => NODE_ADDRESSES.flatMap((text) => parseCidr(text) ?? []),
      }),
    );
    await this.#agent.loaded;
  }

  /** One call as the plugin makes it. */
  async call(wire: WireRequest): Promise<Printed> {
    const { statusCode, body } = await this.#server.inject({ method: "POST", url: CNI_ROUTE, payload: wire });
    return { isSuccess: statusCode === 200, text: body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#agent?.close();
  }

  get #current(): Agent {
    if (this.#agent === undefined) throw new Error("there is no agent before renew()");
    return this.#agent;
  }
}
