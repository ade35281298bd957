import { CommandError } from "./command.ts";
import type { NetworkNamespace } from "./namespaces.ts";

/** What the kernel knows of one interface. */
export interface InterfaceState {
  readonly mac: string;
  /** In CIDR notation, IPv4 first; without those that the kernel gives itself (fe80::/10). */
  readonly addresses: readonly string[];
  /** `<dst>` or `<dst> via <gateway>`, of both families, without those that come with an address. */
  readonly routes: readonly string[];
}

interface ShownLink {
  readonly address: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

/** A route as `ip -json route show` has it; more keys where the kernel knows more of it. */
export interface ShownRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol: string;
}

/** Reads an interface back from the namespace that it is in. @throws CommandError when there is none of that name. */
export async function readInterface(namespace: NetworkNamespace, ifName: string): Promise<InterfaceState> {
  const links = await show<ShownLink>(namespace, ["address", "show", "dev", ifName]);
  const routes = [
    ...(await show<ShownRoute>(namespace, ["-4", "route", "show", "dev", ifName])),
    ...(await show<ShownRoute>(namespace, ["-6", "route", "show", "dev", ifName])),
  ];
  return {
    mac: links[0]?.address ?? "",
    addresses: (links[0]?.addr_info ?? [])
      .filter(({ scope }) => scope === "global")
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    routes: routes
      .filter(({ protocol }) => protocol !== "kernel")
      .map(({ dst, gateway }) => (gateway === undefined ? dst : `${dst} via ${gateway}`)),
  };
}

/** What the main tables of both families hold, less the routes of link-local addresses. */
export async function readRoutes(namespace: NetworkNamespace): Promise<readonly ShownRoute[]> {
  const ofFamily = (family: string): Promise<readonly ShownRoute[]> => show(namespace, [family, "route", "show"]);
  const routes = [...(await ofFamily("-4")), ...(await ofFamily("-6"))];
  return routes.filter(({ dst }) => !dst.startsWith("fe80::"));
}

/**
 * Lets interfaces to come use an IPv6 address at once. The kernel otherwise looks for another holder for a second or
 * two (RFC 4862 section 5.4), which plugins wait for.
 */
export async function disableDuplicateDetection(namespace: NetworkNamespace): Promise<void> {
  const script = "for conf in all default; do echo 0 > /proc/sys/net/ipv6/conf/$conf/accept_dad; done";
  const argv = ["sh", "-c", script];
  const result = await namespace.exec(argv);
  if (result.exitCode !== 0) throw new CommandError(argv, result);
}

async function show<T>(namespace: NetworkNamespace, args: readonly string[]): Promise<readonly T[]> {
  const argv = ["ip", "-json", ...args];
  const result = await namespace.exec(argv);
  if (result.exitCode !== 0) throw new CommandError(argv, result);
  return JSON.parse(result.stdout === "" ? "[]" : result.stdout) as readonly T[];
}
