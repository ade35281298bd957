import { networkInterfaces } from "node:os";
import { IpamError } from "@cluster-ipam/errors";
import { type Address, type Cidr, formatAddress, parseAddress, parseCidr } from "@cluster-ipam/ip";

/** Gives the addresses of the machine's interfaces, as `os.networkInterfaces` does. */
export type Interfaces = () => Readonly<Record<string, readonly { readonly cidr: string | null }[] | undefined>>;

/** The node's own addresses: which, somebody has to tell; their subnets are those of the machine's interfaces. */
export class NodeAddresses {
  /** Those that were told. */
  readonly told: readonly Address[];
  readonly #interfaces: Interfaces;

  constructor(told: readonly Address[], interfaces: Interfaces = networkInterfaces) {
    this.told = told;
    this.#interfaces = interfaces;
  }

  /** Reads addresses with commas between them; undefined where one is none. */
  static parse(text: string, interfaces?: Interfaces): NodeAddresses | undefined {
    const parts = text === "" ? [] : text.split(",");
    const told = parts.flatMap((part) => parseAddress(part) ?? []);
    return told.length === parts.length ? new NodeAddresses(told, interfaces) : undefined;
  }

  /**
   * The addresses with the prefix lengths that they have at this moment.
   *
   * @throws IpamError `bad-config` where no interface has one of them
   */
  read(): Cidr[] {
    if (this.told.length === 0) return [];
    const present = Object.values(this.#interfaces())
      .flatMap((addresses) => addresses ?? [])
      .flatMap(({ cidr }) => parseCidr(cidr ?? "") ?? []);
    return this.told.map((address) => {
      const own = present.find(({ family, value }) => family === address.family && value === address.value);
      return own ?? onNoInterface(address);
    });
  }
}

function onNoInterface(address: Address): never {
  throw new IpamError(
    "bad-config",
    `--node-ip of the agent holds ${formatAddress(address)}, which no interface of the machine has: ` +
      "it takes the node's own addresses, and the agent needs the node's network to see them",
  );
}
