import type { ApiCircuit, ApiCircuitState } from "../api-circuit.ts";

const OPEN: ApiCircuitState = {
  kind: "open",
  since: new Date("2026-11-21T12:00:00Z"),
  forMs: 12_345,
  lastFailure: "connect ECONNREFUSED 192.0.2.1:6443",
};

/** A circuit that opens and closes as a test says; it keeps nothing from a store in memory. */
export class FakeCircuit implements ApiCircuit {
  readonly #listeners = new Set<(state: ApiCircuitState) => void>();
  state: ApiCircuitState = { kind: "closed" };
  isPassable = true;

  /** How many listen. */
  get listening(): number {
    return this.#listeners.size;
  }

  onChange(listener: (state: ApiCircuitState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** It opens, or stays open after a request that was let through. */
  open(): void {
    this.#change(OPEN, false);
  }

  /** It is open, and the next request may find out. */
  pause(): void {
    this.isPassable = true;
  }

  /** It closes. */
  close(): void {
    this.#change({ kind: "closed" }, true);
  }

  #change(state: ApiCircuitState, isPassable: boolean): void {
    this.state = state;
    this.isPassable = isPassable;
    for (const listener of this.#listeners) listener(state);
  }
}
