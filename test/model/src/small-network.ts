import { API_VERSION, type IPPool, type PoolRange, type Strategy } from "@cluster-ipam/api";

/** The model's subnets have sixteen addresses each; a number in [0, 15] stands for one of them. */
export type HostNumber = number;

const LAST_NUMBER = 15;
const PREFIX = { 4: "10.0.0.", 6: "fd00::" } as const;
const SUBNET = { 4: "10.0.0.0/28", 6: "fd00::/124" } as const;

/** One range of a pool. */
export interface RangePlan {
  readonly family: 4 | 6;
  readonly start: HostNumber;
  readonly end: HostNumber;
  readonly gateway: HostNumber | undefined;
  readonly exclude: readonly HostNumber[];
}

/** What a pool hands out. */
export interface PoolPlan {
  readonly name: string;
  readonly addressSpace: string;
  readonly strategy: Strategy;
  readonly ranges: readonly RangePlan[];
}

/** `10.0.0.5` or `fd00::5`. */
export function addressText(family: 4 | 6, number: HostNumber): string {
  if (family === 4) return `${PREFIX[4]}${number}`;
  return number === 0 ? PREFIX[6] : `${PREFIX[6]}${number.toString(16)}`;
}

/**
 * What a pool may hand out, found by counting on fingers and not by the code that is tested: the numbers of its ranges
 * less the subnet's first, its last for IPv4, the gateways and what is excluded.
 */
export function mayBeGiven({ ranges }: PoolPlan): ReadonlySet<string> {
  const given = new Set<string>();
  for (const { family, start, end } of ranges) {
    const alike = ranges.filter((range) => range.family === family);
    const never = new Set<HostNumber | undefined>([0, family === 4 ? LAST_NUMBER : undefined]);
    for (const { gateway, exclude } of alike) for (const number of [gateway, ...exclude]) never.add(number);
    for (let number = start; number <= end; number += 1) {
      if (!never.has(number)) given.add(addressText(family, number));
    }
  }
  return given;
}

/** The pool as an administrator applies it. */
export function poolObject({ name, addressSpace, strategy, ranges }: PoolPlan): IPPool {
  return {
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name },
    spec: {
      ranges: ranges.map(poolRange),
      addressSpace,
      strategy,
      coolDownSeconds: 0,
      reserveGateway: true,
    },
  };
}

function poolRange({ family, start, end, gateway, exclude }: RangePlan): PoolRange {
  return {
    subnet: SUBNET[family],
    start: addressText(family, start),
    end: addressText(family, end),
    ...(gateway === undefined ? {} : { gateway: addressText(family, gateway) }),
    ...(exclude.length === 0 ? {} : { exclude: exclude.map((number) => addressText(family, number)) }),
    assign: "Any",
  };
}

/** A network configuration that people write: where its ipam section sends the call. */
export interface NetworkPlan {
  readonly name: string;
  /** `bare`: to the pool named as the network. `named`: to that pool by `pool`. `inline`: to ranges of its own. */
  readonly kind: "bare" | "named" | "inline";
  /** What serves the network; of an inline one its own ranges, with a gateway each as host-local has it. */
  readonly pool: PoolPlan;
}

/** Families of the addresses that an ADD on the network gets, one address each. */
export function familiesOf({ pool }: NetworkPlan): ReadonlySet<4 | 6> {
  return new Set(pool.ranges.map(({ family }) => family));
}

/** The network's ipam section. */
export function ipamSection({ kind, pool }: NetworkPlan): Readonly<Record<string, unknown>> {
  if (kind === "bare") return { type: "cluster-ipam" };
  if (kind === "named") return { type: "cluster-ipam", pool: pool.name };
  const ranges = pool.ranges.map(({ family, start, end, gateway }) => [
    {
      subnet: SUBNET[family],
      rangeStart: addressText(family, start),
      rangeEnd: addressText(family, end),
      gateway: addressText(family, gateway ?? 1),
    },
  ]);
  return { type: "cluster-ipam", strategy: pool.strategy.toLowerCase(), ranges };
}

/** `lan (Spread): 10.0.0.2-10.0.0.5 (gateway 10.0.0.1, without 10.0.0.3)`, for stories. */
export function describePool({ name, strategy, ranges }: PoolPlan): string {
  const texts = ranges.map(({ family, start, end, gateway, exclude }) => {
    const beside = [
      ...(gateway === undefined ? [] : [`gateway ${addressText(family, gateway)}`]),
      ...exclude.map((number) => `without ${addressText(family, number)}`),
    ];
    const span = `${addressText(family, start)}-${addressText(family, end)}`;
    return beside.length === 0 ? span : `${span} (${beside.join(", ")})`;
  });
  return `${name} (${strategy}): ${texts.join(" and ")}`;
}
