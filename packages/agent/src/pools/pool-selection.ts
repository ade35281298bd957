import { type AllocationRequest, isRetaining, namedSet, type PoolChoice, rangeSetsOf } from "@cluster-ipam/allocator";
import { DEFAULT_POOL_ANNOTATION, type IPPool, type IPPoolSpec } from "@cluster-ipam/api";
import { checkRoutes, type Routes } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import type { KnownPool } from "../server-facts/known-pool.ts";
import { refuseForeignAddress } from "./foreign-address.ts";
import { refuseIdleNumber } from "./index-claim.ts";
import { checkInlinePool, inlinePool } from "./inline-pool.ts";
import { isInline, refuseOwnRanges } from "./own-ranges.ts";
import type { PoolCall } from "./pool-call.ts";
import { rangeSetsHere } from "./range-sets-here.ts";
import type { SelectedSet } from "./selected-set.ts";
import { servedPools } from "./served-pools.ts";

/** What serves a call: one address from each set, and the routes and DNS that go with them. */
export interface PoolSelection {
  readonly sets: readonly SelectedSet[];
  readonly routes: Routes;
  readonly dns: IPPoolSpec["dns"];
}

/**
 * The pools that serve a call (design: "Which pool serves a call"), inline ones made where they are missing.
 *
 * @throws IpamError `no-pool`, `pool-not-allowed`, or `bad-config` where a pool cannot be served
 */
export async function selectPools(request: AllocationRequest, call: PoolCall): Promise<PoolSelection> {
  const { choice } = request;
  const drafts = draftsFor(request, call.network);
  await refuseOwnAddresses(request, drafts, call);
  const found = await findPools(choice, drafts, call);
  refuseRepeated(found);
  // Of ranges in the ipam section each set gives an address: none of them is passed over.
  const served = choice.kind === "inline" ? found : await servedPools(found, call);
  const sets = (await Promise.all(served.map((known) => selectedSets(known, choice, call)))).flat();
  refuseIdleNumber(request, sets, call);
  const passedOver = found.filter((known) => !served.includes(known));
  await refuseForeignAddress(request.fixed, sets, passedOver, call);
  // A pool that was made from the ipam section stands for its ranges alone.
  const specs = choice.kind === "inline" ? [] : served.map(({ pool }) => pool.spec);
  const routes = request.routes ?? specs.flatMap((spec) => spec.routes ?? []);
  // Each pool's own routes are good; two pools may still have the same one.
  if (specs.length > 1) checkRoutes(routes, "routes of the pools");
  return { sets, routes, dns: request.dns ?? specs.find(({ dns }) => dns !== undefined)?.dns };
}

/** The pools that stand for the ranges of the ipam section. */
function draftsFor({ choice, addressSpace }: AllocationRequest, network: string): readonly IPPool[] {
  if (choice.kind !== "inline") return [];
  return choice.sets.map((ranges) => inlinePool(network, ranges, addressSpace, choice.nodeBlocks));
}

/** Before any pool is made of them. */
async function refuseOwnAddresses(
  { named, addressSpace }: AllocationRequest,
  drafts: readonly IPPool[],
  call: PoolCall,
): Promise<void> {
  if (drafts.length > 0) await refuseOwnRanges(() => drafts.flatMap(rangeSetsOf), "ranges of the ipam section", call);
  if (named.length === 0) return;
  const sets = named.map((address) => namedSet(address, addressSpace));
  await refuseOwnRanges(() => sets, "addresses of the ipam section", call);
}

async function selectedSets(known: KnownPool, choice: PoolChoice, call: PoolCall): Promise<SelectedSet[]> {
  const { strategy, index } = choice.kind === "inline" ? choice : known.pool.spec;
  const sets = await rangeSetsHere(known, call);
  const retains = isRetaining(known.pool.spec);
  return sets.map((set) => ({ set, strategy, index, retains }));
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

async function findPools(choice: PoolChoice, drafts: readonly IPPool[], call: PoolCall): Promise<KnownPool[]> {
  const { pools, network, signal } = call;
  switch (choice.kind) {
    case "named":
      return Promise.all(
        choice.names.map(async (name) =>
          asAdministrators((await pools.get(name, signal)) ?? noSuchPool(name, network), call),
        ),
      );
    case "inline":
      return Promise.all(drafts.map((draft) => findInline(draft, call)));
    case "network":
      return [await asAdministrators((await pools.getOrDefault(network, signal)) ?? noPoolFor(network), call)];
    case "none":
      return [];
  }
}

/** A pool that was made from somebody's ranges is those ranges, by whatever name a section asks for it. */
async function asAdministrators(known: KnownPool, call: PoolCall): Promise<KnownPool> {
  const what = `addresses of pool ${known.pool.metadata.name}, which was made from an ipam section,`;
  if (isInline(known.pool)) await refuseOwnRanges(() => known.rangeSets(), what, call);
  return known;
}

async function findInline(draft: IPPool, { pools, signal }: PoolCall): Promise<KnownPool> {
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
