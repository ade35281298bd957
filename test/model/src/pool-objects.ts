import { API_VERSION, type IPPool, type PoolRange } from "@cluster-ipam/api";
import { addressText, type NetworkPlan, type PoolPlan, type RangePlan, SUBNET } from "./small-network.ts";

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

function poolRange({ family, start, end, gateway, exclude, assign }: RangePlan): PoolRange {
  return {
    subnet: SUBNET[family],
    start: addressText(family, start),
    end: addressText(family, end),
    ...(gateway === undefined ? {} : { gateway: addressText(family, gateway) }),
    ...(exclude.length === 0 ? {} : { exclude: exclude.map((number) => addressText(family, number)) }),
    assign,
  };
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
  return `${name} (${strategy}): ${ranges.map(describeRange).join(" and ")}`;
}

function describeRange({ family, start, end, gateway, exclude, assign }: RangePlan): string {
  const beside = [
    ...(gateway === undefined ? [] : [`gateway ${addressText(family, gateway)}`]),
    ...exclude.map((number) => `without ${addressText(family, number)}`),
    ...(assign === "Any" ? [] : ["on request"]),
  ];
  const span = `${addressText(family, start)}-${addressText(family, end)}`;
  return beside.length === 0 ? span : `${span} (${beside.join(", ")})`;
}
