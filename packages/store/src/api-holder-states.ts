import { type HolderState, type HolderStates, isHolderOf } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { identityOf } from "./api-node-pods.ts";
import { isObjectMissing } from "./refusal.ts";
import { NODES, objectPath, podPath } from "./resource.ts";
import type { Api } from "./single-write.ts";

/** Bound of a look: it only adds to the message of a call that fails anyway. */
const LOOK_TIMEOUT_MS = 2_000;
const OK = 200;

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

type Reading = { readonly kind: "object"; readonly object: object } | { readonly kind: "absent" | "unknown" };

/** What the API server says of the pods and nodes of leases: one GET each, and no second try. */
export class ApiHolderStates implements HolderStates {
  readonly #api: Api;
  readonly #timeoutMs: number;

  constructor(api: Api, { timeoutMs = LOOK_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    this.#api = api;
    this.#timeoutMs = timeoutMs;
  }

  async look(lease: IPLease, signal: AbortSignal): Promise<HolderState> {
    const [pod, node] = await Promise.all([this.#podState(lease, signal), this.#nodeState(lease.spec.node, signal)]);
    return { pod, node };
  }

  async #podState(lease: IPLease, signal: AbortSignal): Promise<HolderState["pod"]> {
    const { pod } = lease.spec;
    if (pod === undefined) return "unknown";
    const found = await this.#read(podPath(pod.namespace, pod.name), signal);
    if (found.kind !== "object") return found.kind === "absent" ? "gone" : "unknown";
    try {
      return isHolderOf(identityOf(found.object), lease) ? "there" : "gone";
    } catch {
      // What is no pod tells nothing, and only adds to a message.
      return "unknown";
    }
  }

  async #nodeState(name: string, signal: AbortSignal): Promise<HolderState["node"]> {
    const found = await this.#read(objectPath(NODES, name), signal);
    if (found.kind !== "object") return found.kind;
    const ready = (found.object as NodeObject).status?.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined) return "unknown";
    return ready.status === "True" ? "Ready" : "NotReady";
  }

  async #read(path: string, signal: AbortSignal): Promise<Reading> {
    const answer = await this.#api.request({ method: "GET", path, timeoutMs: this.#timeoutMs, signal });
    if (answer.kind === "failed") return { kind: "unknown" };
    if (isObjectMissing(answer.status, answer.body)) return { kind: "absent" };
    return answer.status === OK ? parsed(answer.body) : { kind: "unknown" };
  }
}

function parsed(body: string): Reading {
  try {
    return { kind: "object", object: JSON.parse(body) as object };
  } catch {
    // Cut off by something between the server and us.
    return { kind: "unknown" };
  }
}
