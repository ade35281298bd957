import type { IPPoolSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Cidr, type Family, formatCidr, hasHostBits, networkOf, parseAddress, parseCidr } from "@cluster-ipam/ip";
import * as z from "zod";
import { type KnownKeys, normalizeKeys } from "./section-keys.ts";
import { badValue, readObject, readValue, show, withoutUndefined } from "./section-value.ts";

/** Routes as pools and ipam sections have them. */
export type Routes = NonNullable<IPPoolSpec["routes"]>;

/** Keys of one route. */
export const ROUTE_KEYS: KnownKeys = {
  used: ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"],
  ignored: [],
};

/** Table and, for IPv6, priority that the kernel puts in the place of 0. */
const MAIN_TABLE = 254;
const IPV6_PRIORITY = 1024;

const numberUpTo = (max: number): z.ZodOptional<z.ZodInt> =>
  z.int("expected a whole number").min(0, "expected 0 or more").max(max, `expected at most ${max}`).optional();
const uint32 = numberUpTo(2 ** 32 - 1);
const routeSchema = z.object({
  dst: z.string("expected a CIDR such as 10.9.0.0/16"),
  gw: z.string("expected an address").optional(),
  mtu: uint32,
  advmss: uint32,
  priority: uint32,
  table: uint32,
  scope: numberUpTo(255),
});

/**
 * Reads `routes` of an ipam section: what the kernel would refuse later (host bits, a route given twice) is an error
 * now, before any address is taken.
 *
 * @throws IpamError `bad-config` that names the route
 */
export function readRoutes(value: unknown, where: string): Routes {
  if (!Array.isArray(value)) throw badValue(where, value, "expected a list of routes");
  const routes = value.map((item: unknown, index) => readRoute(item, `${where}[${index}]`));
  checkRoutes(routes, where);
  return routes;
}

function readRoute(item: unknown, where: string): Routes[number] {
  const keys = readObject(item, where, "expected an object with dst");
  const route = readValue(routeSchema, normalizeKeys(keys, where, ROUTE_KEYS).values, where);
  const { gw, ...rest } = withoutUndefined(route);
  // An empty gw is written by templates and means none, as in Go.
  return gw === undefined || gw === "" ? rest : { ...rest, gw };
}

/** Checks routes from an ipam section or a pool; `where` leads the message. See {@link readRoutes}. */
export function checkRoutes(routes: Routes, where: string): void {
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const at = `${where}[${index}]`;
    const dst = readDestination(route.dst, at);
    checkGateway(route.gw, dst, at);
    const key = identityOf(route, dst);
    const first = seen.get(key);
    if (first !== undefined) {
      throw new IpamError("bad-config", `${at}: route ${route.dst} stands already in ${where}[${first}]: remove one`);
    }
    seen.set(key, index);
  }
}

/** What the kernel tells two routes apart by. */
function identityOf({ table = 0, priority = 0 }: Routes[number], dst: Cidr): string {
  const standardPriority = dst.family === 6 ? IPV6_PRIORITY : 0;
  return [formatCidr(dst), table === 0 ? MAIN_TABLE : table, priority === 0 ? standardPriority : priority].join(" ");
}

function readDestination(dst: string, where: string): Cidr {
  const cidr = parseCidr(dst);
  if (cidr === undefined)
    throw new IpamError("bad-config", `${where}: route ${show(dst)} is not a CIDR such as 10.9.0.0/16`);
  if (!hasHostBits(cidr)) return cidr;
  throw new IpamError("bad-config", `${where}: route ${dst} has host bits set: write ${formatCidr(networkOf(cidr))}`);
}

function checkGateway(gw: string | undefined, dst: Cidr, where: string): void {
  if (gw === undefined) return;
  const gateway = parseAddress(gw);
  const route = formatCidr(dst);
  if (gateway === undefined)
    throw new IpamError("bad-config", `${where}: gw ${show(gw)} of route ${route} is not an address`);
  if (gateway.family === dst.family) return;
  throw new IpamError("bad-config", `${where}: gw ${gw} of route ${route} is not an IPv${dst.family} address`);
}

/**
 * Checks that the attachment gets an address of each route's family: the kernel takes no route without one.
 *
 * @throws IpamError `bad-config` that names the route
 */
export function checkRouteFamilies(routes: Routes, families: ReadonlySet<Family>): void {
  for (const { dst } of routes) {
    const family = dst.includes(":") ? 6 : 4;
    if (families.has(family)) continue;
    throw new IpamError("bad-config", `route ${dst} needs an IPv${family} address, and the network has no such range`);
  }
}
