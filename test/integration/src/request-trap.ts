import { waitFor } from "./waiting.ts";

/** A request to the API server, as far as tests tell one from another. */
export interface SeenRequest {
  readonly method: string;
  /** Plural, such as `ipleases`; "" for what is no custom resource of ours. */
  readonly resource: string;
  /** Of the object; "" for a list. */
  readonly name: string;
}

/** What becomes of one request on its way through a gateway, and of its answer. */
export interface RequestFate {
  /** Whether the request goes on to the server, once that is decided. */
  beforeForward(request: SeenRequest): Promise<"pass" | "drop">;
  /** What becomes of the server's answer; `cut`: the connection breaks after half of the body. */
  beforeAnswer(request: SeenRequest): "pass" | "lose" | "withhold" | "cut";
}

/**
 * What happens to a request that falls into a trap.
 *
 * - `hold`: it is not sent on until the test says so.
 * - `lose-answer`: the server carries it out, then the connection breaks before the first byte of the answer.
 * - `withhold-answer`: the server carries it out, and the connection stays silent.
 */
export type Fault = "hold" | "lose-answer" | "withhold-answer";

const CATCH_TIMEOUT_MS = 15_000;

/** Waits for the next request of one kind, once. */
export class Trap implements RequestFate {
  readonly #fault: Fault;
  readonly #wanted: Pick<SeenRequest, "method" | "resource">;
  readonly #decided = Promise.withResolvers<"pass" | "drop">();
  #caught: SeenRequest | undefined;
  #isAnswered = false;

  constructor(fault: Fault, wanted: Pick<SeenRequest, "method" | "resource">) {
    this.#fault = fault;
    this.#wanted = wanted;
  }

  /** Whether a request is one of those that the trap waits for. */
  matches({ method, resource }: SeenRequest): boolean {
    return method === this.#wanted.method && resource === this.#wanted.resource;
  }

  /**
   * Waits until the request is held, or until the server has answered it and the answer is lost.
   *
   * @throws Error when no request comes.
   */
  async caught(): Promise<SeenRequest> {
    const { method, resource } = this.#wanted;
    const what = `a ${method} of ${resource} to fall into the trap`;
    return await waitFor(() => this.#caught, { what, timeoutMs: CATCH_TIMEOUT_MS, intervalMs: 5 });
  }

  /**
   * Sends the request that is held on to the server, whether or not its caller still waits.
   *
   * @returns once the server has answered it.
   */
  async release(): Promise<void> {
    this.#decided.resolve("pass");
    const what = "the server to answer the request that was held";
    await waitFor(() => (this.#isAnswered ? true : undefined), { what, timeoutMs: CATCH_TIMEOUT_MS, intervalMs: 5 });
  }

  /** Forgets the request that is held, and cuts its caller's connection. */
  drop(): void {
    this.#decided.resolve("drop");
  }

  async beforeForward(request: SeenRequest): Promise<"pass" | "drop"> {
    if (this.#fault !== "hold") return "pass";
    this.#caught = request;
    return await this.#decided.promise;
  }

  beforeAnswer(request: SeenRequest): "pass" | "lose" | "withhold" {
    this.#caught = request;
    this.#isAnswered = true;
    if (this.#fault === "hold") return "pass";
    return this.#fault === "lose-answer" ? "lose" : "withhold";
  }
}
