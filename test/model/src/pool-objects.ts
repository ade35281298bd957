import { API_VERSION, type IPPool, type PoolRange } from "@cluster-ipam/api";
import {
  addressText,
  type KeepPlan,
  type NetworkPlan,
  type PoolPlan,
  type RangePlan,
  SUBNET,
} from "./small-network.ts";
import { describeSelector, selectorObject } from "./zone-selector.ts";

/** A controller has looked at the pool: agents do not keep addresses where none ever did. */
const LOOKED_AT = {
  type: "Ready",
  status: "True",
  reason: "Served",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
} as const;

/** The pool as an administrator applies it. */
export function poolObject(plan: PoolPlan): IPPool {
  const { name, addressSpace, strategy, ranges, keep, blockLength, nodeSelector, namespaceSelector } = plan;
  return {
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name },
    spec: {
      ranges: plan.isOfPodCidrs === true ? [] : ranges.map(poolRange),
      ...(plan.isOfPodCidrs === true ? { source: "NodePodCIDR" } : {}),
      addressSpace,
      strategy,
      coolDownSeconds: keep?.coolDownSeconds ?? 0,
      ...(keep?.retain === undefined ? {} : { retain: keep.retain }),
      ...(blockLength === undefined ? {} : { nodeBlocks: { prefixLength: blockLength } }),
      ...(nodeSelector === undefined ? {} : { nodeSelector: selectorObject(nodeSelector) }),
      ...(namespaceSelector === undefined ? {} : { namespaceSelector: selectorObject(namespaceSelector) }),
      reserveGateway: true,
    },
    status: { conditions: [LOOKED_AT] },
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
export function describePool(plan: PoolPlan): string {
  const { name, strategy, ranges, keep, blockLength, nodeSelector, namespaceSelector } = plan;
  const traits = [
    strategy,
    ...(keep === undefined ? [] : [describeKeep(keep)]),
    ...(blockLength === undefined ? [] : [`blocks of /${blockLength}`]),
    ...(nodeSelector === undefined ? [] : [`for nodes with ${describeSelector(nodeSelector)}`]),
    ...(namespaceSelector === undefined ? [] : [`for namespaces with ${describeSelector(namespaceSelector)}`]),
  ];
  const addresses = plan.isOfPodCidrs === true ? "each node's own" : ranges.map(describeRange).join(" and ");
  return `${name} (${traits.join(", ")}): ${addresses}`;
}

function describeKeep({ coolDownSeconds, retain }: KeepPlan): string {
  const coolDown = coolDownSeconds === 0 ? [] : [`cools down for ${coolDownSeconds} s`];
  const retained = retain === undefined ? [] : [`retains for ${retain.policy} for ${retain.seconds} s`];
  return [...coolDown, ...retained].join(", ");
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
