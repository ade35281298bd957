import type { NamedAddress } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import type { FixedAddressSources } from "./fixed-addresses.ts";
import { readNamedCidr, splitArgument, withGateways, withoutRepeats } from "./named-addresses.ts";
import type { KnownKeys } from "./section-keys.ts";

/** What the runtime says about the addresses of one call. */
export interface RuntimeWishes extends FixedAddressSources {
  /** `GATEWAY` of CNI_ARGS; undefined when absent. */
  readonly gatewayArgument: string | undefined;
}

/** Keys of static at the top level of a section. */
export const STATIC_KEYS: KnownKeys = { used: ["addresses"], ignored: [] };

/**
 * The addresses of a call by the rules of static (1.9, plugins/ipam/static): those of the section and of CNI_ARGS;
 * `args.cni.ips` stands in the place of both, and `runtimeConfig.ips` in the place of all.
 *
 * @param listed `addresses` of the section
 * @throws IpamError `bad-config`, also where there is none in the end
 */
export function readStaticAddresses(listed: readonly NamedAddress[], wishes: RuntimeWishes): readonly NamedAddress[] {
  // Every place is read, so that a bad value is told wherever it stands.
  // Of the section's own addresses none gets a gateway from CNI_ARGS: static reads them after it.
  const own = [...listed, ...withGateways(addedBy(wishes), wishes.gatewayArgument)];
  const ofConvention = wishes.conventionIps.map((value, index) => named(value, `args.cni.ips[${index}]`));
  const ofRuntime = wishes.requestedIps.map((value, index) => named(value, `runtimeConfig.ips[${index}]`));
  const [standing = []] = [ofRuntime, ofConvention, own].filter(({ length }) => length > 0);
  if (standing.length > 0) return withoutRepeats(standing);
  throw new IpamError(
    "bad-config",
    "ipam.addresses is []: expected an address there, in runtimeConfig.ips, in args.cni.ips or in IP of CNI_ARGS",
  );
}

/** `listed`, and what `IP` of CNI_ARGS adds to it, each with its gateway from `GATEWAY`, as whereabouts does. */
export function withArguments(
  listed: readonly NamedAddress[],
  wishes: Pick<RuntimeWishes, "argument" | "gatewayArgument">,
): readonly NamedAddress[] {
  return withGateways([...listed, ...addedBy(wishes)], wishes.gatewayArgument);
}

function addedBy({ argument }: Pick<RuntimeWishes, "argument">): NamedAddress[] {
  return splitArgument(argument).map((text) => named(text, "CNI_ARGS IP"));
}

function named(value: unknown, source: string): NamedAddress {
  return { cidr: readNamedCidr(value, source), gateway: undefined, source };
}
