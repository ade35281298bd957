import type { IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";

/**
 * Refuses a pool with a field that this agent does not serve: to hand addresses out as if the field were absent would
 * break what its author relies on.
 *
 * @throws IpamError `bad-config` that names pool, field and value
 */
export function refuseUnserved({ metadata, spec }: IPPool): void {
  const unserved: readonly (readonly [string, unknown])[] = [["nodeBlocks", spec.nodeBlocks]];
  for (const [field, value] of unserved) {
    if (value === undefined) continue;
    throw new IpamError(
      "bad-config",
      `pool ${metadata.name}: spec.${field} is ${JSON.stringify(value)}: this version of the agent does not serve it, remove it`,
    );
  }
}
