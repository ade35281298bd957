import type { PoolList, UnreadablePool } from "@cluster-ipam/allocator";
import { DEFAULT_POOL_ANNOTATION, type IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type KnownPool, knownPool } from "./known-pool.ts";
import { isRestricted } from "./restriction.ts";

/** Every pool of the server, as one list found them. */
export class PoolListing {
  readonly pools: readonly KnownPool[];
  readonly unreadable: readonly UnreadablePool[];
  /** Those of the pools that serve some nodes or namespaces only. */
  readonly restricted: readonly KnownPool[];
  /** Such pools among those that cannot be read. */
  readonly hidden: readonly UnreadablePool[];

  /** @param previous an earlier list: what has not changed since stays the same */
  constructor({ pools, unreadable }: PoolList, previous: PoolListing | undefined) {
    const known = new Map(previous?.pools.map((one) => [one.pool.metadata.name, one]));
    this.pools = pools.map((pool) => knownPool(pool, known.get(pool.metadata.name)));
    this.unreadable = unreadable;
    this.restricted = this.pools.filter(({ pool }) => isRestricted(pool));
    this.hidden = unreadable.filter((pool) => pool.restricted !== undefined);
  }

  /** The default pool; undefined where there is none, or nobody can tell which it is. */
  get default(): KnownPool | undefined {
    const [first, second] = this.#defaults();
    return second === undefined && this.#brokenDefault() === undefined ? first : undefined;
  }

  /**
   * The default pool, or what keeps it from being one.
   *
   * @throws IpamError `bad-config` where two are annotated as the default, or one that cannot be read is, or there is
   * none but one whose annotation is neither "true" nor "false"
   */
  defaultOrError(): KnownPool | undefined {
    const broken = this.#brokenDefault();
    if (broken !== undefined) throw broken.error;
    const defaults = this.#defaults();
    if (defaults.length === 0) refuseMisspelt(this.pools);
    if (defaults.length < 2) return defaults[0];
    const names = defaults.map(({ pool }) => pool.metadata.name).join(" and ");
    throw new IpamError(
      "bad-config",
      `pools ${names} both have the annotation ${DEFAULT_POOL_ANNOTATION}: keep it on one`,
    );
  }

  #defaults(): KnownPool[] {
    return this.pools.filter(({ pool }) => isDefault(pool));
  }

  #brokenDefault(): UnreadablePool | undefined {
    return this.unreadable.find(isDefault);
  }
}

function refuseMisspelt(pools: readonly KnownPool[]): void {
  for (const { pool } of pools) {
    const mark = pool.metadata.annotations?.[DEFAULT_POOL_ANNOTATION];
    if (mark === undefined || mark === "true" || mark === "false") continue;
    const wayOut = 'write "true" (kubectl annotate --overwrite), or remove it';
    const text = `the annotation ${DEFAULT_POOL_ANNOTATION} of pool ${pool.metadata.name} is "${mark}": ${wayOut}`;
    throw new IpamError("bad-config", `no pool is the default: ${text}`);
  }
}

function isDefault({ metadata }: Pick<IPPool, "metadata"> | UnreadablePool): boolean {
  return metadata.annotations?.[DEFAULT_POOL_ANNOTATION] === "true";
}
