import type {
  BlockStore,
  ClusterFacts,
  LeaseStore,
  NodePods,
  PoolStore,
  UnknownOutcome,
} from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import type { Circuit } from "@cluster-ipam/kube";
import {
  type ApiLink,
  blockStoreOver,
  clusterFactsOver,
  leaseStoreOver,
  nodePodsOver,
  poolStoreOver,
} from "./api-stores.ts";
import type { Writer } from "./lease-log.ts";
import type { Fates } from "./request-fate.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { Story } from "./story.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

/** How long the client waits for one answer, and before it reads again: those of the real stores. */
const ATTEMPT_MS = 4_000;
const READ_AGAIN_MS = 250;
/** A server that nobody listens for is noticed at once. */
const REFUSED_CONNECTION_MS = 1;

/** What is not sent while the circuit is open comes back after so long. */
const NOT_SENT_MS = 0.1;

/** What a connection goes through. */
export interface ConnectionParts {
  readonly server: SimulatedApiServer;
  readonly time: VirtualTime;
  readonly fates: Fates;
  readonly story: Story;
}

type Answer<T> = { readonly value: T } | { readonly error: unknown } | "not-sent" | undefined;

/** One request: in words, and what it does on the server. */
interface Request<T> {
  readonly text: string;
  readonly isWrite: boolean;
  readonly effect: () => Promise<T>;
}

/** Whose a connection is. */
export interface ConnectionOwner {
  readonly writer: Writer;
  /** Undefined: every request is sent. */
  readonly circuit?: Circuit;
}

/** The way of one process to the API server and back; it ends with the process, but not what is on its way by then. */
export class ApiConnection implements ApiLink {
  readonly #client: Actor;
  readonly #parts: ConnectionParts;
  readonly #circuit: Circuit | undefined;
  readonly leases: LeaseStore;
  readonly pools: PoolStore;
  readonly blocks: BlockStore;
  readonly pods: NodePods;
  readonly facts: ClusterFacts;

  constructor(client: Actor, parts: ConnectionParts, { writer, circuit }: ConnectionOwner) {
    this.#client = client;
    this.#circuit = circuit;
    this.#parts = parts;
    this.leases = leaseStoreOver(this, parts.server.leases.as(writer));
    this.pools = poolStoreOver(this, parts.server);
    this.blocks = blockStoreOver(this, parts.server.blocks.as(writer));
    this.pods = nodePodsOver(this, parts.server);
    this.facts = clusterFactsOver(this, parts.server);
  }

  /** A write: what became of it, or that nobody can tell. */
  async write<T>(text: string, effect: () => Promise<T>): Promise<T | UnknownOutcome> {
    const answer = await this.#request({ text, isWrite: true, effect });
    if (answer === undefined) return { kind: "unknown", cause: new Error("no answer") };
    if (answer === "not-sent") return { kind: "unknown", cause: new Error("the circuit is open"), isNotBegun: true };
    if ("error" in answer) throw answer.error;
    return answer.value;
  }

  /** A read, which is repeated until there is an answer or `signal` ends it. */
  async read<T>(text: string, signal: AbortSignal, effect: () => Promise<T>): Promise<T> {
    for (;;) {
      if (signal.aborted) throw unreachable(signal);
      const answer = await Promise.race([this.#request({ text, isWrite: false, effect }, signal), aborted(signal)]);
      if (answer !== undefined && answer !== "not-sent" && !signal.aborted) {
        if ("error" in answer) throw answer.error;
        return answer.value;
      }
      await Promise.race([this.#pause(READ_AGAIN_MS), aborted(signal)]);
    }
  }

  /** As the client does it: asks the circuit first, and tells it what became of the request. */
  async #request<T>(request: Request<T>, signal?: AbortSignal): Promise<Answer<T>> {
    const ended = this.#circuit?.admit();
    if (this.#circuit !== undefined && ended === undefined) {
      await this.#pause(NOT_SENT_MS);
      return "not-sent";
    }
    const answer = await (signal === undefined
      ? this.#send(request)
      : Promise.race([this.#send(request), aborted(signal)]));
    if (answer !== undefined) ended?.({ kind: "answered" });
    else ended?.(signal?.aborted === true ? { kind: "abandoned" } : { kind: "failed", reason: "no answer" });
    return answer;
  }

  #send<T>(request: Request<T>): Promise<Answer<T>> {
    const { server, time, fates, story } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<Answer<T>>();
    const { fate, fault } = fates.next(`${this.#client.name}: ${request.text}`, request.isWrite);
    if (fault !== undefined) story.tell(fault.text);
    time.schedule(this.#client, ATTEMPT_MS, () => resolve(undefined));
    if (server.isAway) time.schedule(this.#client, REFUSED_CONNECTION_MS, () => resolve(undefined));
    else if (fate.arrivesAfterMs !== undefined) {
      const arrive = async (): Promise<void> => {
        server.awaited -= 1;
        if (server.isAway) return;
        const answer = await this.#serve(request, fate.isRefused);
        const returned = fate.returnsAfterMs;
        if (returned !== undefined) time.schedule(this.#client, returned, () => resolve(answer));
      };
      server.awaited += 1;
      time.schedule(server.actor, fate.arrivesAfterMs, () => void arrive());
    }
    return promise;
  }

  async #serve<T>({ text, isWrite, effect }: Request<T>, isRefused: boolean): Promise<Answer<T>> {
    if (isRefused) return { error: new IpamError("apiserver-refused", "the API server refused the request: 403") };
    try {
      const value = await effect();
      if (isWrite) this.#parts.story.tell(`the API server does "${text}" of ${this.#client.name}: ${kindOf(value)}`);
      return { value };
    } catch (error) {
      return { error };
    }
  }

  #pause(ms: number): Promise<undefined> {
    const { time } = this.#parts;
    return new Promise((resolve) => {
      time.schedule(this.#client, ms, () => resolve(undefined));
    });
  }
}

function kindOf(outcome: unknown): string {
  return typeof outcome === "object" && outcome !== null && "kind" in outcome ? String(outcome.kind) : "done";
}

function unreachable(signal: AbortSignal): IpamError {
  return new IpamError("apiserver-unreachable", "the API server gave no usable answer in time", {
    cause: signal.reason,
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
