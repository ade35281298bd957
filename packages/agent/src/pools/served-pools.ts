import { IpamError } from "@cluster-ipam/errors";
import type { Family } from "@cluster-ipam/ip";
import type { KnownPool } from "../server-facts/known-pool.ts";
import { isRestricted } from "../server-facts/restriction.ts";
import { refusalOf } from "./pool-admission.ts";
import { hasFromPool, type PoolCall } from "./pool-call.ts";

/** A pool that the call asks for, and whether it may have it. */
interface Judged {
  readonly known: KnownPool;
  readonly families: ReadonlySet<Family>;
  readonly isHeld: boolean;
  /** Undefined: the pool serves the call's node and namespace. */
  readonly refusal: string | undefined;
}

const WAY_OUT = "use a pool that does, change the selector, or label the node or namespace";

/**
 * Those of the pools found that serve the call's node and its pod's namespace.
 *
 * Of several that the section names, one that does not is passed over, as long as others give each family that it would
 * have given: a list over both families never loses one silently. A pool that the attachment has its address of serves
 * it in any case, and nothing comes in the place of that.
 *
 * @throws IpamError `pool-not-allowed` that names each pool, its selector, and what node or namespace have
 */
export async function servedPools(found: readonly KnownPool[], call: PoolCall): Promise<readonly KnownPool[]> {
  if (!found.some(({ pool }) => isRestricted(pool))) return found;
  const judged = await Promise.all(found.map((known) => judge(known, call)));
  const foreign = judged.filter(({ refusal, isHeld }) => refusal !== undefined && !isHeld);
  const admitted = judged.filter((one) => !foreign.includes(one));
  refuseForeign(foreign, admitted);
  return admitted.filter((one) => !isStandIn(one, admitted)).map(({ known }) => known);
}

async function judge(known: KnownPool, call: PoolCall): Promise<Judged> {
  const { pool } = known;
  const [refusal, families] = await Promise.all([refusalOf(pool, call), familiesOf(known, call)]);
  return { known, families, refusal, isHeld: hasFromPool(call, pool.metadata.name) };
}

/** By what the pool says alone: one that is passed over need not be servable. */
async function familiesOf({ pool }: KnownPool, { facts, signal }: PoolCall): Promise<ReadonlySet<Family>> {
  const { source, ranges } = pool.spec;
  const subnets =
    source === undefined ? ranges.map(({ subnet }) => subnet) : ((await facts.node(signal))?.podCidrs ?? []);
  return new Set(subnets.map((subnet) => (subnet.includes(":") ? 6 : 4)));
}

function refuseForeign(foreign: readonly Judged[], admitted: readonly Judged[]): void {
  if (foreign.length === 0) return;
  const given = familiesAmong(admitted);
  const missed = foreign.filter(({ families }) => [...families].some((family) => !given.has(family)));
  if (missed.length === 0 && admitted.length > 0) return;
  const refusals = foreign.map(({ refusal }) => refusal).join("; ");
  if (admitted.length === 0) throw new IpamError("pool-not-allowed", `${refusals}: ${WAY_OUT}`);
  const lost = [...familiesAmong(missed)].filter((family) => !given.has(family)).map((family) => `IPv${family}`);
  const left = admitted.map(({ known }) => known.pool.metadata.name).join(", ");
  throw new IpamError(
    "pool-not-allowed",
    `${refusals}; the rest of ipam.pools (${left}) has no ${lost.join(", ")}: ${WAY_OUT}`,
  );
}

/**
 * Whether the pool has come in the place of one that has stopped serving the node since it gave the attachment its
 * address: the attachment would get a second one from it.
 */
function isStandIn({ known, families, isHeld }: Judged, admitted: readonly Judged[]): boolean {
  if (isHeld || !isRestricted(known.pool)) return false;
  const held = familiesAmong(admitted.filter(({ refusal }) => refusal !== undefined));
  return families.size > 0 && [...families].every((family) => held.has(family));
}

function familiesAmong(judged: readonly Judged[]): ReadonlySet<Family> {
  return new Set(judged.flatMap(({ families }) => [...families]));
}
