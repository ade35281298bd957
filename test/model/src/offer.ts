import { addressText, type HostNumber, LAST_NUMBER, type PoolPlan } from "./small-network.ts";

/** What a pool may hand out. */
export interface Offer {
  /** To those who ask for the address. */
  readonly onRequest: ReadonlySet<string>;
  /** To those who ask for none: these are among the others. */
  readonly unasked: ReadonlySet<string>;
}

/**
 * What a pool may hand out, found by counting on fingers and not by the code that is tested: the numbers of its ranges
 * less the subnet's first, its last for IPv4, the gateways and what is excluded. What some range has on request, no
 * other one gives unasked.
 */
export function offerOf({ ranges }: PoolPlan): Offer {
  const onRequest = new Set<string>();
  const kept = new Set<string>();
  for (const { family, start, end, assign } of ranges) {
    const never = neverGiven(ranges.filter((range) => range.family === family));
    for (let number = start; number <= end; number += 1) {
      if (never.has(number)) continue;
      onRequest.add(addressText(family, number));
      if (assign === "OnRequest") kept.add(addressText(family, number));
    }
  }
  return { onRequest, unasked: new Set([...onRequest].filter((address) => !kept.has(address))) };
}

/** @param ranges all of one family */
function neverGiven(ranges: PoolPlan["ranges"]): ReadonlySet<HostNumber | undefined> {
  const never = new Set<HostNumber | undefined>([0]);
  for (const { family, gateway, exclude } of ranges) {
    if (family === 4) never.add(LAST_NUMBER);
    for (const number of [gateway, ...exclude]) never.add(number);
  }
  return never;
}

/** What a pool of the nodes' own networks hands out where the node has these: all but first, gateway and IPv4's last. */
export function podCidrOffer(podCidrs: readonly string[]): Offer {
  const given = new Set<string>();
  for (const { family, first, last } of podCidrs.map(numbersOf)) {
    // The gateway is the first address after the network's own.
    const end = family === 4 ? last - 1 : last;
    for (let number = first + 2; number <= end; number += 1) given.add(addressText(family, number));
  }
  return { onRequest: given, unasked: given };
}

/** `10.0.0.8/29` is 8 to 15. */
function numbersOf(cidr: string): { family: 4 | 6; first: HostNumber; last: HostNumber } {
  const family = cidr.includes(":") ? 6 : 4;
  const [, digits = "", length = ""] = /([0-9a-f]*)\/(\d+)$/.exec(cidr) ?? [];
  const first = digits === "" ? 0 : Number.parseInt(digits, family === 6 ? 16 : 10);
  return { family, first, last: first + 2 ** ((family === 6 ? 128 : 32) - Number(length)) - 1 };
}
