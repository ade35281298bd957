import { leaseName } from "@cluster-ipam/api";
import {
  type Address,
  addressBits,
  type Cidr,
  cidrContains,
  formatAddress,
  parseAddress,
  parseCidr,
} from "@cluster-ipam/ip";

/** A network that a test takes its addresses from by their numbers, whatever their family. */
export class TestNetwork {
  readonly subnet: string;
  readonly prefixLength: number;
  readonly #cidr: Cidr;

  /** @throws RangeError where `subnet` is no network */
  constructor(subnet: string) {
    const cidr = parseCidr(subnet);
    if (cidr === undefined) throw new RangeError(`"${subnet}" is not a network`);
    this.subnet = subnet;
    this.prefixLength = cidr.prefixLength;
    this.#cidr = cidr;
  }

  /** Its address of that number; 0 is the network's own. */
  at(number: number): string {
    return formatAddress(this.#addressAt(number));
  }

  /** Name of the lease of {@link at}, in the default space. */
  nameAt(number: number): string {
    return leaseName(this.#addressAt(number), "");
  }

  /** The network of `size` addresses, a power of two, from number `first` on: `10.0.0.0/29` for 8. */
  part(size: number, first = 0): string {
    return `${this.at(first)}/${addressBits(this.#cidr.family) - Math.log2(size)}`;
  }

  /** Whether `text` is one of its addresses. */
  has(text: string): boolean {
    const address = parseAddress(text);
    return address !== undefined && cidrContains(this.#cidr, address);
  }

  #addressAt(number: number): Address {
    const { family, value } = this.#cidr;
    return { family, value: value + BigInt(number) };
  }
}

/** Networks of one family: a row of a table of tests. */
export interface FamilyRow {
  readonly family: "IPv4" | "IPv6";
  readonly network: TestNetwork;
  /** One that has no address of `network`. */
  readonly other: TestNetwork;
}

export const IPV4: FamilyRow = {
  family: "IPv4",
  network: new TestNetwork("10.0.0.0/24"),
  other: new TestNetwork("10.7.0.0/24"),
};

export const IPV6: FamilyRow = {
  family: "IPv6",
  network: new TestNetwork("fd00::/64"),
  other: new TestNetwork("fd00:7::/64"),
};

/**
 * For rules that hold for both families.
 *
 * @example
 * describe.each(FAMILIES)("a lease of $family", ({ network }) => {
 *   test("is gone with its pod", async () => { … network.at(7) … });
 * });
 */
export const FAMILIES: readonly FamilyRow[] = [IPV4, IPV6];
