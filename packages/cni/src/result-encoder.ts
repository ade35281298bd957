import { IpamError } from "@cluster-ipam/errors";
import { versionAtLeast } from "./protocol-version.ts";
import type { Dns, IpamResult, Route } from "./result.ts";

type Family = 4 | 6;

/**
 * Refuses what a result of `cniVersion` cannot hold: up to 0.2.0 it has room for one address of each family. To be
 * asked with the families of the range sets before an address is taken.
 *
 * @throws {IpamError} bad-config naming the version and the way out.
 */
export function requireRoom(cniVersion: string, families: readonly Family[]): void {
  if (versionAtLeast(cniVersion, "0.3.0")) return;
  for (const family of [4, 6] as const) {
    const count = families.filter((each) => each === family).length;
    if (count <= 1) continue;
    const found = `the configuration asks for ${count} IPv${family} addresses`;
    const limit = `a result of cniVersion ${cniVersion} holds one of each family`;
    throw new IpamError("bad-config", `${found}, ${limit}: set cniVersion to 0.3.0 or later`);
  }
}

/**
 * The bytes that a successful ADD prints, in the form of `cniVersion` (CNI spec, "Delegated plugins (IPAM)").
 *
 * Up to 0.2.0 a route belongs to the address of its family and knows `dst` and `gw` alone: other keys, and routes of a
 * family without an address, are left out there, as libcni's own conversion does.
 *
 * @throws {IpamError} bad-config as {@link requireRoom}.
 */
export function encodeResult(result: IpamResult, cniVersion: string): string {
  requireRoom(
    cniVersion,
    result.ips.map((ip) => ip.family),
  );
  if (!versionAtLeast(cniVersion, "0.3.0")) return JSON.stringify(encodeByFamily(result, cniVersion));
  const isCurrent = versionAtLeast(cniVersion, "1.0.0");
  const dns = encodeDns(result.dns);
  return JSON.stringify({
    cniVersion,
    ips: result.ips.map(({ address, gateway, family }) =>
      isCurrent ? { address, gateway } : { version: String(family), address, gateway },
    ),
    routes: emptyAsAbsent(result.routes.map(encodeRoute)),
    // libcni prints an empty dns up to 0.4.0 and none from 1.0.0.
    dns: isCurrent && Object.keys(dns).length === 0 ? undefined : dns,
  });
}

/**
 * The bytes that a failed call prints (CNI spec, "Error").
 *
 * @param cniVersion the configuration's, or what `answerVersion` makes of a configuration that cannot be read.
 */
export function encodeError(error: IpamError, cniVersion: string): string {
  const details = error.details === "" ? undefined : error.details;
  return JSON.stringify({ cniVersion, code: error.entry.cni, msg: error.message, details });
}

function encodeByFamily(result: IpamResult, cniVersion: string): object {
  return { cniVersion, ip4: encodeFamily(result, 4), ip6: encodeFamily(result, 6), dns: encodeDns(result.dns) };
}

function encodeFamily(result: IpamResult, family: Family): object | undefined {
  const ip = result.ips.find((each) => each.family === family);
  if (ip === undefined) return undefined;
  const routes = result.routes.filter((route) => (route.dst.includes(":") ? 6 : 4) === family);
  return { ip: ip.address, gateway: ip.gateway, routes: emptyAsAbsent(routes.map(({ dst, gw }) => ({ dst, gw }))) };
}

// Keys are picked one by one so that nothing else that the object may carry reaches the caller.
function encodeRoute({ dst, gw, mtu, advmss, priority, table, scope }: Route): object {
  return { dst, gw, mtu, advmss, priority, table, scope };
}

function encodeDns(dns: Dns | undefined): object {
  if (dns === undefined) return {};
  const members = [
    ["nameservers", emptyAsAbsent(dns.nameservers ?? [])],
    ["domain", dns.domain === "" ? undefined : dns.domain],
    ["search", emptyAsAbsent(dns.search ?? [])],
    ["options", emptyAsAbsent(dns.options ?? [])],
  ] as const;
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function emptyAsAbsent<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
