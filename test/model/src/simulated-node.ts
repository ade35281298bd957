import type { WireRequest } from "@cluster-ipam/cni";
import { type AgentAnswer, AgentProcess, type OpenCall, type ProcessParts } from "./agent-process.ts";
import { SimulatedSandboxes } from "./simulated-sandboxes.ts";
import { SimulatedSpool } from "./simulated-spool.ts";
import { Actor } from "./virtual-time.ts";

/** How often a plugin tries to connect, and for how long: ADD waits for an agent that is being replaced. */
const CONNECT = { everyMs: 100, forMs: 3_000 } as const;
/** How long a plugin waits for its answer. */
const ANSWER_WITHIN_MS = 19_500;
/** Way of the bytes through the socket. */
const SOCKET_MS = 0.1;
/** How long the node had been up when the run began. */
const UPTIME_MS = 100_000;

/** What the plugin tells its caller: what the agent said and which of its processes it was, or why there was nothing. */
export type PluginAnswer = (AgentAnswer & { readonly by: AgentProcess }) | { readonly failure: string };

/** One plugin process: what it sends and when, and who is told. */
export interface PluginCall {
  readonly wire: WireRequest;
  readonly deliveryMs: number;
  readonly hangUpMs: number | undefined;
  /** The agent has handed its answer to the socket; the caller may never learn of it. */
  readonly said: (answer: AgentAnswer, by: AgentProcess) => void;
  /** The caller has its answer. */
  readonly done: (answer: PluginAnswer) => void;
}

/** Parts of a node that outlive its agents. */
export interface NodeParts extends Omit<ProcessParts, "sandboxes" | "spool"> {
  /** The agent broke a rule that holds for every call. */
  readonly complain: (text: string) => void;
}

/** One machine: its agent, which dies and comes back, its sandboxes, and the plugins that runtimes start on it. */
export class SimulatedNode {
  readonly name: string;
  /** Whether its agents take ranges of ipam sections. */
  readonly inlinePools: "allow" | "deny";
  readonly sandboxes: SimulatedSandboxes = new SimulatedSandboxes();
  readonly #spool = new SimulatedSpool();
  /** Its plugins and its runtime: they live until the node goes down. */
  plugins: Actor;
  readonly #parts: NodeParts;
  readonly #connected = new Set<{ readonly process: AgentProcess; readonly lose: () => void }>();
  /** Plugins that have not ended yet. */
  openCalls = 0;
  #process: AgentProcess | undefined;
  #incarnation = 0;
  #isLost = false;
  #bootedAtMs = -UPTIME_MS;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.name = parts.node.name;
    this.inlinePools = parts.node.inlinePools;
    this.plugins = new Actor(`plugins of ${this.name}`);
    parts.time.schedule(this.plugins, 0, () => this.start());
  }

  /** The agent that runs. */
  get process(): AgentProcess | undefined {
    return this.#process;
  }

  /** Whether the machine is off. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** How many agents were killed here. */
  get deaths(): number {
    return this.#incarnation - (this.#process === undefined ? 0 : 1);
  }

  /** Now, in nanoseconds of CLOCK_BOOTTIME. */
  bootTimeNs(): bigint {
    return BigInt(Math.round((this.#parts.time.nowMs - this.#bootedAtMs) * 1e6));
  }

  /** An agent starts unless one runs: there is one for each node at a time. */
  start(): void {
    if (this.#process !== undefined || this.#isLost) return;
    this.#incarnation += 1;
    const own = { sandboxes: this.sandboxes, spool: this.#spool };
    this.#process = new AgentProcess(this.#incarnation, { ...this.#parts, ...own });
    this.#parts.story.tell(`${this.name}: agent ${this.#incarnation} starts`);
  }

  /** The agent is killed, and another one starts after a while. */
  kill(downMs: number): void {
    const { story, time } = this.#parts;
    const process = this.#process;
    if (process === undefined) return;
    story.tell(`${this.name}: agent ${this.#incarnation} is killed`);
    process.kill();
    this.#process = undefined;
    for (const connection of this.#connected) {
      this.#connected.delete(connection);
      if (connection.process === process) connection.lose();
    }
    time.schedule(this.plugins, downMs, () => this.start());
  }

  /** The machine goes off with all that runs on it; its disk stays as it is. */
  lose(): void {
    this.#isLost = true;
    this.#goDown();
    this.kill(0);
    this.plugins.isAlive = false;
  }

  /** It is on again. */
  comeBack(): void {
    this.#isLost = false;
    this.#goDown();
    this.start();
  }

  /** The node goes down with all that runs on it, and comes back. */
  reboot(downMs: number): void {
    if (this.#isLost) return;
    this.#parts.story.tell(`${this.name}: the node reboots`);
    this.#goDown();
    this.kill(downMs);
  }

  #goDown(): void {
    this.sandboxes.reboot();
    this.plugins.isAlive = false;
    this.plugins = new Actor(this.plugins.name);
    this.#connected.clear();
    this.openCalls = 0;
    this.#bootedAtMs = this.#parts.time.nowMs;
  }

  /** Runs a plugin: it connects, sends its call and waits. */
  call(call: PluginCall): void {
    const { time } = this.#parts;
    if (this.#isLost) return;
    this.openCalls += 1;
    let isDone = false;
    let open: OpenCall | undefined;
    const finish = (answer: PluginAnswer): void => {
      if (isDone) return;
      isDone = true;
      this.openCalls -= 1;
      if ("failure" in answer) open?.hangUp();
      call.done(answer);
    };
    if (call.hangUpMs !== undefined) {
      time.schedule(this.plugins, call.hangUpMs, () => finish({ failure: "the runtime killed the plugin" }));
    }
    const giveUpMs = call.deliveryMs + ANSWER_WITHIN_MS;
    time.schedule(this.plugins, giveUpMs, () => finish({ failure: "the plugin waited too long" }));
    const connectUntilMs = time.nowMs + call.deliveryMs + CONNECT.forMs;
    const connect = (): void => {
      if (isDone) return;
      const process = this.#process;
      if (process !== undefined) open = this.#connect(process, call, finish);
      else if (time.nowMs >= connectUntilMs) finish({ failure: "no agent" });
      else time.schedule(this.plugins, CONNECT.everyMs, connect);
    };
    time.schedule(this.plugins, call.deliveryMs, connect);
  }

  #connect(process: AgentProcess, call: PluginCall, finish: (answer: PluginAnswer) => void): OpenCall {
    const { time, complain } = this.#parts;
    const connection = { process, lose: () => finish({ failure: "the agent died" }) };
    this.#connected.add(connection);
    let isHungUp = false;
    let served: OpenCall | undefined;
    const answered = (answer: AgentAnswer): void => {
      this.#connected.delete(connection);
      call.said(answer, process);
      time.schedule(this.plugins, SOCKET_MS, () => finish({ ...answer, by: process }));
    };
    time.schedule(process.actor, SOCKET_MS, () => {
      if (isHungUp) return;
      served = process.serve(call.wire, answered, (error) => complain(`a call was not answered: ${String(error)}`));
    });
    return {
      hangUp: () => {
        isHungUp = true;
        this.#connected.delete(connection);
        time.schedule(process.actor, SOCKET_MS, () => served?.hangUp());
      },
    };
  }
}
