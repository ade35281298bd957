import { describeAnswer } from "../failure-text.ts";
import type { KubeClient } from "../kube-client.ts";
import type { KubeAnswer, KubeRequest } from "../kube-request.ts";
import { ELECTION } from "./election-timing.ts";
import { decodeLease, encodeLease, encodeNewLease, type Holding, type LeaseRecord } from "./lease-record.ts";

/**
 * What became of one request.
 *
 * - `record`: the Lease as it is after it.
 * - `absent`: there is none.
 * - `conflict`: nothing was written, since somebody else has written, made or removed it.
 * - `failed`: nobody knows; a write may have been made, or may still be.
 */
export type LockOutcome =
  | { readonly kind: "record"; readonly record: LeaseRecord }
  | { readonly kind: "absent" | "conflict" }
  | { readonly kind: "failed"; readonly reason: string };

/** The Lease of one election. */
export interface LockPlace {
  readonly namespace: string;
  readonly name: string;
}

const STATUS = { ok: 200, created: 201, notFound: 404, conflict: 409 } as const;

/** Reads and writes the Lease of one election, each with one request; never throws for what the server did. */
export class LeaseLock {
  readonly #client: Pick<KubeClient, "request">;
  readonly #place: LockPlace;
  readonly #listPath: string;

  constructor(client: Pick<KubeClient, "request">, place: LockPlace) {
    this.#client = client;
    this.#place = place;
    this.#listPath = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(place.namespace)}/leases`;
  }

  /** Reads it as it is now. */
  read(): Promise<LockOutcome> {
    return this.#send({ method: "GET", path: this.#path });
  }

  /** Makes it, held; `conflict` where there is one already. */
  create(holding: Holding): Promise<LockOutcome> {
    const { namespace, name } = this.#place;
    return this.#send({ method: "POST", path: this.#listPath, body: encodeNewLease(namespace, name, holding) });
  }

  /** Writes who holds it, unless it is not what `record` says any more. */
  write(record: LeaseRecord, holding: Holding): Promise<LockOutcome> {
    return this.#send({ method: "PUT", path: this.#path, body: encodeLease(record, holding) });
  }

  get #path(): string {
    return `${this.#listPath}/${encodeURIComponent(this.#place.name)}`;
  }

  async #send(request: Omit<KubeRequest, "timeoutMs">): Promise<LockOutcome> {
    const answer = await this.#client.request({ ...request, timeoutMs: ELECTION.requestTimeoutMs });
    return outcomeOf(request.method, answer);
  }
}

function outcomeOf(method: KubeRequest["method"], answer: KubeAnswer): LockOutcome {
  if (answer.kind === "failed") return { kind: "failed", reason: describeAnswer(answer) };
  const { status, body } = answer;
  if (status === STATUS.notFound && method === "GET") return { kind: "absent" };
  // What a PUT was meant for is gone. Where a POST finds nothing it is the namespace that is missing.
  if (status === STATUS.conflict || (status === STATUS.notFound && method === "PUT")) return { kind: "conflict" };
  if (status !== STATUS.ok && status !== STATUS.created) return { kind: "failed", reason: describeAnswer(answer) };
  const record = decodeLease(body);
  return record === undefined ? { kind: "failed", reason: `${status} without a Lease` } : { kind: "record", record };
}
