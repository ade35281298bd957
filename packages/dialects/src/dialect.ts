import { IpamError } from "@cluster-ipam/errors";
import { HOST_LOCAL_RANGE_KEYS } from "./host-local.ts";
import type { Section } from "./section-keys.ts";
import { WHEREABOUTS_RANGE_KEYS } from "./whereabouts.ts";

/**
 * Where the addresses of a section come from: pools that it names, ranges as one of two plugins writes them, addresses
 * that it lists, the pod's number, or the network's pool.
 */
export type Dialect = "pools" | "host-local" | "whereabouts" | "static" | "index2ip" | "network";

/** Keys of each dialect that no other one has; `ipam.type` is the same in all of them. */
const TELLING_KEYS: readonly (readonly [Exclude<Dialect, "network">, readonly string[]])[] = [
  ["pools", ["pool", "pools"]],
  ["host-local", HOST_LOCAL_RANGE_KEYS],
  ["whereabouts", WHEREABOUTS_RANGE_KEYS],
  ["static", ["addresses"]],
  ["index2ip", ["index"]],
];
/** What may stand together: an address more beside those of ranges, and a number for those who count. */
const COMPANIONS: readonly string[] = ["host-local static", "whereabouts static"];
const COUNTING: ReadonlySet<Dialect> = new Set(["pools", "host-local", "whereabouts"]);
/** Both of host-local and of whereabouts: it tells nothing, and without ranges it has no meaning. */
const GATEWAY = "gateway";
/** Keys whose plugins take an empty value for none. */
const EMPTY_IS_ABSENT: ReadonlySet<string> = new Set(["rangeStart", "rangeEnd", ...WHEREABOUTS_RANGE_KEYS, GATEWAY]);

/**
 * Tells the dialect of a section by its keys.
 *
 * @throws IpamError `bad-config` that names both keys where two dialects are mixed
 */
export function dialectOf(section: Section): Dialect {
  const present = TELLING_KEYS.flatMap(([dialect, keys]) => {
    const key = keys.find((name) => isGiven(section, name));
    return key === undefined ? [] : [{ dialect, key }];
  });
  const [first, ...others] = present;
  if (first === undefined) return isGiven(section, GATEWAY) ? "host-local" : "network";
  const second = others.find(({ dialect }) => !canStandBeside(first.dialect, dialect));
  if (second !== undefined) throw mixed(first.key, second.key);
  refuseGatewayWithoutRange(section, first);
  return first.dialect;
}

/** Whether a section has a value for `key`: templates write "" or [] for some keys that they have no value for. */
function isGiven(section: Section, key: string): boolean {
  const value = section[key];
  if (value === "" || (Array.isArray(value) && value.length === 0)) return !EMPTY_IS_ABSENT.has(key);
  return value !== undefined;
}

function canStandBeside(first: Dialect, second: Dialect): boolean {
  return COMPANIONS.includes(`${first} ${second}`) || (second === "index2ip" && COUNTING.has(first));
}

function refuseGatewayWithoutRange(section: Section, { dialect, key }: { dialect: Dialect; key: string }): void {
  if (!isGiven(section, GATEWAY)) return;
  if (dialect === "pools") throw mixed(key, GATEWAY);
  if (dialect === "host-local" || dialect === "whereabouts") return;
  throw new IpamError(
    "bad-config",
    `ipam.${GATEWAY} belongs to ranges, and ipam.${key} has none: ` +
      (dialect === "static" ? "set the gateway of the entry in ipam.addresses" : `remove ipam.${GATEWAY}`),
  );
}

function mixed(first: string, second: string): IpamError {
  return new IpamError("bad-config", `ipam.${first} and ipam.${second} both say where addresses come from: keep one`);
}
