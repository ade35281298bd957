import { API_VERSION, type IPPoolSpec, type PoolRange } from "@cluster-ipam/api";
import { type RangeSet, rangeSetsOf } from "../range-set.ts";

/** The range set of a pool `lab` that has one range: `subnet`, or what `range` says of it. */
export function rangeSetOf(subnet: string, range: Partial<PoolRange> = {}): RangeSet {
  const spec: IPPoolSpec = {
    ranges: [{ subnet, assign: "Any", ...range }],
    addressSpace: "",
    strategy: "Spread",
    coolDownSeconds: 0,
    reserveGateway: true,
  };
  const [set] = rangeSetsOf({ apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "lab" }, spec });
  if (set === undefined) throw new RangeError(`${subnet} has no addresses`);
  return set;
}
