import { isRetaining, isWatched } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";

/**
 * Refuses a pool that keeps addresses where no controller would ever end that.
 *
 * @throws IpamError `bad-config` that names pool, field and value
 */
export function refuseUnwatched(pool: IPPool): void {
  const { coolDownSeconds, retain } = pool.spec;
  if (coolDownSeconds === 0 && !isRetaining(pool.spec)) return;
  if (isWatched(pool)) return;
  const [field, value] =
    coolDownSeconds === 0 ? ["retain", JSON.stringify(retain)] : ["coolDownSeconds", coolDownSeconds];
  throw new IpamError(
    "bad-config",
    `pool ${pool.metadata.name}: spec.${field} is ${value}, and no controller has looked at the pool (it has no ` +
      "condition Ready): addresses that are kept would never be free again; start the controller, or remove the field",
  );
}
