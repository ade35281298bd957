import { setTimeout as delay } from "node:timers/promises";
import { type ControlPlane, listLeases } from "@cluster-ipam/test-integration";
import type { Ledger } from "./ledger.ts";
import { holdingsOf, lostLeases } from "./verdict.ts";

/** Each look costs the server a list. */
const LOOK_EVERY_MS = 2_000;

/** Looks again and again whether every holder has its leases, while faults come and go. */
export class LeaseWatch {
  readonly #controlPlane: ControlPlane;
  readonly #ledger: Ledger;

  constructor(controlPlane: ControlPlane, ledger: Ledger) {
    this.#controlPlane = controlPlane;
    this.#ledger = ledger;
  }

  /** Goes on until `signal` fires. Never throws: a server that is away is no news here. */
  async runUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look().catch(() => undefined);
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One look. What it finds lost is told to the ledger, once. @throws Error when the server gives no answer */
  async look(): Promise<void> {
    // Before the list: what is held now and after it was held all the time.
    const holdings = holdingsOf(this.#ledger);
    const leases = await listLeases(this.#controlPlane);
    for (const violation of lostLeases(holdings, leases)) {
      if (!this.#ledger.hasTold(violation.text)) this.#ledger.violate(violation);
    }
  }
}
