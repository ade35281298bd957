import { randomBytes } from "node:crypto";
import type { IPLease, IPLeaseSpec } from "@cluster-ipam/api";
import { type Family, formatAddress } from "@cluster-ipam/ip";
import { attachedLease } from "./attached-lease.ts";

const FIRST_ADDRESS = { 4: 0x0a140000n, 6: 0x20010db8n << 96n } as const;

/** Address space, pool and node that no other test has, so that a store need not be empty. */
export class LeaseFixture {
  readonly addressSpace: string;
  readonly pool: string;
  readonly node: string;
  readonly #family: Family;

  constructor(family: Family = 4) {
    const suffix = randomBytes(6).toString("hex");
    this.#family = family;
    this.addressSpace = `space-${suffix}`;
    this.pool = `pool-${suffix}`;
    this.node = `node-${suffix}`;
  }

  /** A lease of this fixture's space, pool and node for its address of that number, but for what `spec` says. */
  lease(number: number = 1, spec: Partial<IPLeaseSpec> = {}): IPLease {
    const { addressSpace, pool, node } = this;
    const address = formatAddress({ family: this.#family, value: FIRST_ADDRESS[this.#family] + BigInt(number) });
    return attachedLease(address, { addressSpace, pool, node, ...spec });
  }
}
