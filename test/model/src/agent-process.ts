import { Agent, type AgentHealth, CallService, NO_METER, type Spool } from "@cluster-ipam/agent";
import type { WireRequest } from "@cluster-ipam/cni";
import { Circuit } from "@cluster-ipam/kube";
import { createLogger } from "@cluster-ipam/telemetry";
import { ApiConnection, type ConnectionParts } from "./api-connection.ts";
import type { Chance } from "./chance.ts";
import type { NodePlan } from "./plan.ts";
import type { SimulatedSandboxes } from "./simulated-sandboxes.ts";
import { Actor } from "./virtual-time.ts";
import { ActorClock } from "./virtual-timers.ts";

/** What the agent says to a call: the bytes for its socket, with the status of HTTP. */
export interface AgentAnswer {
  readonly status: number;
  readonly body: string;
}

/** A call that the agent has, until it has said something or the caller hangs up. */
export interface OpenCall {
  hangUp(): void;
}

type ServeRequest = Parameters<CallService["serve"]>[0];
type ServeReply = Parameters<CallService["serve"]>[1];

/** The time of day at which every run begins. */
export const FIRST_DAY_MS: number = Date.UTC(2026, 0, 1);

const SILENT = createLogger({}, "silent", { write: () => undefined });

/** What an agent process is made of. */
export interface ProcessParts extends ConnectionParts {
  readonly node: NodePlan;
  readonly chance: Chance;
  readonly sandboxes: SimulatedSandboxes;
  /** Outlives the process. */
  readonly spool: Spool;
}

/** One process of the shipped agent on a node: its memory is its own, and lost when it is killed. */
export class AgentProcess {
  readonly actor: Actor;
  readonly #parts: ProcessParts;
  #running: { readonly agent: Agent; readonly calls: CallService } | undefined;
  /** Calls that have not been answered yet. */
  openCalls = 0;

  /** @param incarnation 1 for the first process of the node */
  constructor(incarnation: number, parts: ProcessParts) {
    this.#parts = parts;
    this.actor = new Actor(`${parts.node.name} agent ${incarnation}`, parts.node.clockRate);
    // A step of its own, so that the timers that it sets are its own.
    parts.time.schedule(this.actor, 0, () => this.#start());
  }

  /** Whether the agent has nothing to do but to wait for calls. */
  get isIdle(): boolean {
    const health = this.#running?.agent.health();
    return health !== undefined && health.isLoaded && owesNothing(health) && this.openCalls === 0;
  }

  /** Releases that the agent knows to be due. */
  get pendingReleases(): number {
    return this.#running?.agent.health().pendingReleases ?? 0;
  }

  /** Whether the agent has read what its node holds. */
  get isLoaded(): boolean {
    return this.#running?.agent.health().isLoaded === true;
  }

  /** Somebody asks for a round of reconciliation. */
  reconcile(): void {
    const refused = (): undefined => undefined;
    this.#parts.time.schedule(this.actor, 0, () => void this.#running?.agent.reconcile().catch(refused));
  }

  /** Everything that the process had to do is over; what it sent is on its way. */
  kill(): void {
    this.actor.isAlive = false;
  }

  /**
   * Serves one call, in a step of this process; `answered` is told in the same step in which the agent hands its
   * answer to the socket, `failed` when it never does.
   */
  serve(body: WireRequest, answered: (answer: AgentAnswer) => void, failed: (error: unknown) => void): OpenCall {
    const socket = new SimulatedSocket();
    let status = 200;
    const reply = {
      raw: socket,
      code: (code: number) => {
        status = code;
        return reply;
      },
      type: () => reply,
      send: (text: string) => {
        socket.writableEnded = true;
        this.openCalls -= 1;
        answered({ status, body: text });
        return reply;
      },
    };
    if (this.#running === undefined) throw new Error("the agent has not started yet");
    this.openCalls += 1;
    this.#running.calls.serve({ body } as unknown as ServeRequest, reply as unknown as ServeReply).catch(failed);
    return { hangUp: () => socket.close() };
  }

  #start(): void {
    const { node, time, chance, sandboxes, spool } = this.#parts;
    const clock = new ActorClock(time, this.actor, node.clockOriginMs);
    const { random } = chance.of(this.actor.name);
    const circuit = new Circuit({ nowMs: () => clock.nowMs(), date: () => new Date(time.nowMs), random });
    const { leases, pools, blocks, pods, facts } = new ApiConnection(this.actor, this.#parts, {
      writer: { kind: "agent", node: node.name },
      circuit,
    });
    const agent = new Agent({
      node: node.name,
      leases,
      pools,
      blocks,
      facts,
      inlinePools: node.inlinePools,
      // For messages alone.
      holders: { look: () => Promise.resolve({ pod: "unknown", node: "unknown" }) },
      pods,
      date: () => new Date(FIRST_DAY_MS + node.dayOffsetMs + time.nowMs),
      sandboxes,
      spool,
      circuit,
      apiServer: "https://192.0.2.1:6443",
      clock,
      random,
      log: SILENT,
      meter: NO_METER,
      readFile: () => "",
      readKernelCommandLine: () => "",
      nodeAddresses: () => [],
      reconciliation: { mode: "on", events: { tell: () => undefined } },
    });
    this.#running = { agent, calls: new CallService(agent, SILENT) };
  }
}

function owesNothing({ pendingReleases, spooledReleases }: AgentHealth): boolean {
  return pendingReleases === 0 && spooledReleases === 0;
}

/** As much of the connection to the plugin as the agent looks at. */
class SimulatedSocket {
  writableEnded = false;
  readonly #listeners = new Set<() => void>();

  once(_event: "close", listener: () => void): void {
    this.#listeners.add(listener);
  }

  off(_event: "close", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
