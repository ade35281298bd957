import { type AllocationRequest, isRetaining, type RangeSet } from "@cluster-ipam/allocator";
import { DEFAULT_POOL_ANNOTATION, type IPPool, type IPPoolSpec } from "@cluster-ipam/api";
import { checkRoutes, type Routes } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import { checkInlinePool, inlinePool } from "./inline-pool.ts";
import type { KnownPool } from "./known-pool.ts";
import type { PoolCache } from "./pool-cache.ts";

/** A range set, and how an address of it is chosen: by its pool's rule, or by that of the inline ranges. */
export interface SelectedSet extends Pick<IPPoolSpec, "strategy"> {
  readonly set: RangeSet;
  /** How strategy Index counts; absent means from the start, by the pod's name. */
  readonly index: IPPoolSpec["index"];
  /** Whether the pool keeps addresses for their pods. */
  readonly retains: boolean;
}

/** What serves a call: one address from each set, and the routes and DNS that go with them. */
export interface PoolSelection {
  readonly sets: readonly SelectedSet[];
  readonly routes: Routes;
  readonly dns: IPPoolSpec["dns"];
}

/**
 * The pools that serve a call (design: "Which pool serves a call"), inline ones made where they are missing.
 *
 * @throws IpamError `no-pool`, or `bad-config` where a pool cannot be served
 */
export async function selectPools(
  request: AllocationRequest,
  network: string,
  { pools, signal }: { readonly pools: PoolCache; readonly signal: AbortSignal },
): Promise<PoolSelection> {
  const found = await findPools(request, network, { pools, signal });
  refuseRepeated(found);
  const sets = found.flatMap((known) => {
    const { strategy, index } = request.choice.kind === "inline" ? request.choice : known.pool.spec;
    return known.rangeSets().map((set) => ({ set, strategy, index, retains: isRetaining(known.pool.spec) }));
  });
  // A pool that was made from the ipam section stands for its ranges alone.
  const specs = request.choice.kind === "inline" ? [] : found.map(({ pool }) => pool.spec);
  const routes = request.routes ?? specs.flatMap((spec) => spec.routes ?? []);
  // Each pool's own routes are good; two pools may still have the same one.
  if (specs.length > 1) checkRoutes(routes, "routes of the pools");
  return { sets, routes, dns: request.dns ?? specs.find(({ dns }) => dns !== undefined)?.dns };
}

/** A pool gives one address of each family: asked for twice, it would give one where two are expected. */
function refuseRepeated(found: readonly KnownPool[]): void {
  const names = found.map(({ pool }) => pool.metadata.name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return;
  throw new IpamError(
    "bad-config",
    `pool ${repeated} is asked for twice, by ipam.pools or by one set of ranges that stands twice in the ipam section: keep one`,
  );
}

async function findPools(
  { choice, addressSpace }: AllocationRequest,
  network: string,
  { pools, signal }: { readonly pools: PoolCache; readonly signal: AbortSignal },
): Promise<KnownPool[]> {
  switch (choice.kind) {
    case "named":
      return Promise.all(
        choice.names.map(async (name) => (await pools.get(name, signal)) ?? noSuchPool(name, network)),
      );
    case "inline": {
      const drafts = choice.sets.map((ranges) => inlinePool(network, ranges, addressSpace));
      return Promise.all(drafts.map((draft) => findInline(draft, pools, signal)));
    }
    case "network":
      return [(await pools.getOrDefault(network, signal)) ?? noPoolFor(network)];
    case "none":
      return [];
  }
}

async function findInline(draft: IPPool, pools: PoolCache, signal: AbortSignal): Promise<KnownPool> {
  const known = await pools.getOrCreate(draft, signal);
  checkInlinePool(draft, known.pool);
  return known;
}

function noSuchPool(name: string, network: string): never {
  throw new IpamError(
    "no-pool",
    `the ipam section of network "${network}" names the pool "${name}", which does not exist: ` +
      `create an IPPool named "${name}", or name one that kubectl get ippools lists`,
  );
}

function noPoolFor(network: string): never {
  throw new IpamError(
    "no-pool",
    `no pool for network "${network}": create an IPPool named "${network}", name one with ipam.pool, ` +
      `or make one the default (kubectl annotate ippool NAME ${DEFAULT_POOL_ANNOTATION}=true)`,
  );
}
