import { IpamError } from "@cluster-ipam/errors";
import { type Address, type Cidr, type Family, formatAddress, parseAddress, parseCidr } from "@cluster-ipam/ip";
import { badValue } from "./section-value.ts";

/** What `epoxy.ipv4` or `epoxy.ipv6` of a kernel command line says. */
export interface EpoxyAddress {
  /** The node's own address. */
  readonly cidr: Cidr;
  readonly gateway: Address;
  /** Canonical. */
  readonly nameservers: readonly string[];
}

const EXPECTED = "expected four fields, address/length,gateway,nameserver,nameserver";

/**
 * The node's addresses as index2ip finds them: `epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8,8.8.4.4` is required,
 * `epoxy.ipv6` is not. Of a parameter that stands twice the first one counts.
 *
 * @throws IpamError `bad-config` that names the parameter and its value
 */
export function parseEpoxyAddresses(commandLine: string): readonly EpoxyAddress[] {
  const ipv4 = parameter(commandLine, "epoxy.ipv4");
  if (ipv4 === undefined) {
    throw new IpamError("bad-config", `the node's kernel command line has no epoxy.ipv4: ${EXPECTED}`);
  }
  const ipv6 = parameter(commandLine, "epoxy.ipv6");
  return [readEpoxy(ipv4, "epoxy.ipv4", 4), ...(ipv6 === undefined ? [] : [readEpoxy(ipv6, "epoxy.ipv6", 6)])];
}

/** The value of a parameter; undefined when it is absent or empty. */
function parameter(commandLine: string, name: string): string | undefined {
  const values = commandLine.split(/\s+/).filter((word) => word.startsWith(`${name}=`));
  return values.map((word) => word.slice(name.length + 1)).find((value) => value !== "");
}

function readEpoxy(value: string, name: string, family: Family): EpoxyAddress {
  const where = `${name} of the node's kernel command line`;
  const [cidrText = "", gatewayText = "", ...nameservers] = value.split(",");
  if (nameservers.length !== 2) throw badValue(where, value, EXPECTED);
  const cidr = parseCidr(cidrText);
  const gateway = parseAddress(gatewayText);
  if (cidr?.family !== family || cidr.prefixLength === 0 || gateway?.family !== family) {
    throw badValue(where, value, `${EXPECTED}, with an IPv${family} address and gateway`);
  }
  return { cidr, gateway, nameservers: nameservers.map((text) => readNameserver(text, where, value)) };
}

function readNameserver(text: string, where: string, value: string): string {
  const address = parseAddress(text);
  if (address === undefined) throw badValue(where, value, `${EXPECTED}, and ${JSON.stringify(text)} is no address`);
  return formatAddress(address);
}
