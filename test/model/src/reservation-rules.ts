import { isDeepStrictEqual } from "node:util";
import type { IPLease } from "@cluster-ipam/api";
import type { LeaseChange } from "./lease-log.ts";
import type { Ledger } from "./ledger.ts";
import type { Rule } from "./violation.ts";

/** What the rules are held against. */
export interface ReservationRuleParts {
  readonly ledger: Ledger;
  readonly complain: (rule: Rule, text: string) => void;
}

/** A reservation is its owner's: nobody else makes, changes or ends one, and only its pod has the address meanwhile. */
export class ReservationRules {
  readonly #parts: ReservationRuleParts;

  constructor(parts: ReservationRuleParts) {
    this.#parts = parts;
  }

  /** Looks at a write. */
  changed({ name, before, after, writer }: LeaseChange): void {
    if (writer.kind === "administrator") return;
    const [was, is] = [before?.spec.reserved, after?.spec.reserved];
    if (!isDeepStrictEqual(was, is)) {
      const [from, to] = [was, is].map((reserved) => (reserved === undefined ? "free" : "reserved"));
      this.#parts.complain("lost-reservation", `${name} was ${from} and is ${to}, by another hand than its owner's`);
    }
    if (after !== undefined && !this.#mayHave(after)) {
      this.#parts.complain("forbidden-address", `${name} is reserved, and ${after.spec.containerID} has it`);
    }
  }

  #mayHave({ spec: { reserved, network, containerID, ifName } }: IPLease): boolean {
    if (reserved === undefined || containerID === "") return true;
    return this.#parts.ledger.find(network, containerID, ifName)?.plan.pod.name === reserved.for?.name;
  }
}
