import { IpamError } from "@cluster-ipam/errors";
import type { UnknownOutcome } from "../lease-store.ts";

/**
 * What goes wrong with one write.
 *
 * - `lost`: it never reaches the store; the outcome is unknown.
 * - `answer-lost`: it is done; the outcome is unknown.
 * - `late`: the outcome is unknown; it is done only when `until` resolves, as far as it can be done then.
 * - `held`: nothing wrong, but it is done and answered only when `until` resolves.
 * - `refused`: the server says no for good.
 */
export type WriteFault =
  | { readonly kind: "lost" }
  | { readonly kind: "answer-lost" }
  | { readonly kind: "late"; readonly until: Promise<unknown> }
  | { readonly kind: "held"; readonly until: Promise<unknown> }
  | { readonly kind: "refused"; readonly error: IpamError };

/** What goes wrong with one read: no answer before its signal, an answer only once `until` resolves, or a refusal. */
export type ReadFault =
  | { readonly kind: "unanswered" }
  | { readonly kind: "held"; readonly until: Promise<unknown> }
  | { readonly kind: "refused"; readonly error: IpamError };

/** One call of a store: what, and of which object; of a list, what it is filtered by. */
export interface StoreCall<Operation extends string> {
  readonly operation: Operation;
  readonly name: string;
}

/** Where calls of a store in memory take their time, as over a network; resolves when the call may go on. */
export type Pace = () => Promise<void>;

/** The network between a caller and a store in memory: counts calls, and makes them fail as a test says. */
export class StoreFaults<Operation extends string> {
  /** Every call so far, in the order in which they were made. */
  readonly calls: StoreCall<Operation>[] = [];
  readonly #pace: Pace;
  #outage: PromiseWithResolvers<void> | undefined;
  readonly #writeFaults = new Map<Operation, WriteFault[]>();
  readonly #readFaults = new Map<Operation, ReadFault[]>();

  constructor(pace: Pace = () => Promise.resolve()) {
    this.#pace = pace;
  }

  /** From now on every write is lost and no read is answered. */
  goAway(): void {
    this.#outage ??= Promise.withResolvers<void>();
  }

  /** Ends {@link goAway}: reads that still wait are answered. */
  comeBack(): void {
    this.#outage?.resolve();
    this.#outage = undefined;
  }

  /** Resolves once the store can be reached, or `signal` aborts. */
  async reachable(signal: AbortSignal): Promise<void> {
    if (this.#outage !== undefined) await Promise.race([this.#outage.promise, aborted(signal)]);
  }

  /** The next writes of this kind, one for each fault, go wrong. */
  failWrites(operation: Operation, ...faults: readonly WriteFault[]): void {
    this.#writeFaults.set(operation, [...(this.#writeFaults.get(operation) ?? []), ...faults]);
  }

  /** The next reads of this kind, one for each fault, go wrong. */
  failReads(operation: Operation, ...faults: readonly ReadFault[]): void {
    this.#readFaults.set(operation, [...(this.#readFaults.get(operation) ?? []), ...faults]);
  }

  /** Makes a call of which `commit` is the effect. */
  async write<T>(call: StoreCall<Operation>, commit: () => T): Promise<T | UnknownOutcome> {
    this.calls.push(call);
    const fault = this.#writeFaults.get(call.operation)?.shift();
    await this.#pace();
    const outcome = this.#outage === undefined ? await applied(fault, commit) : unknown("the API server is away");
    await this.#pace();
    return outcome;
  }

  /** Makes a call that changes nothing. */
  async read<T>(call: StoreCall<Operation>, signal: AbortSignal, look: () => T): Promise<T> {
    this.calls.push(call);
    const fault = this.#readFaults.get(call.operation)?.shift();
    await this.#pace();
    await this.reachable(signal);
    if (fault?.kind === "refused") throw fault.error;
    if (fault?.kind === "held") await Promise.race([fault.until, aborted(signal)]);
    if (fault?.kind === "unanswered") await aborted(signal);
    if (signal.aborted) throw unreachable(signal);
    const found = look();
    await this.#pace();
    return found;
  }
}

async function applied<T>(fault: WriteFault | undefined, commit: () => T): Promise<T | UnknownOutcome> {
  if (fault?.kind === "refused") throw fault.error;
  if (fault?.kind === "lost") return unknown("the request was lost");
  if (fault?.kind === "late") {
    // Nobody waits for what becomes of it.
    void fault.until.then(commit).catch(() => undefined);
    return unknown("the answer took too long");
  }
  if (fault?.kind === "held") await fault.until;
  const outcome = commit();
  return fault?.kind === "answer-lost" ? unknown("the answer was lost") : outcome;
}

function unknown(text: string): UnknownOutcome {
  return { kind: "unknown", cause: new Error(text) };
}

function unreachable(signal: AbortSignal): IpamError {
  return new IpamError("apiserver-unreachable", "memory gave no usable answer", { cause: signal.reason });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
