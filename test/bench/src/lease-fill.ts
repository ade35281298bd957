import { parseAddress } from "@cluster-ipam/ip";
import { type RawApi, rawLease } from "./raw-api.ts";
import { throughput } from "./statistics.ts";

/** How many creates are under way at any time. */
const PARALLEL = 64;
/** Leases between two words about how far it is. */
const BATCH = 10_000;
/** As on a large cluster: what an agent holds itself is little of it. */
const NODES = 500;

/** Which leases are to be there. */
export interface LeaseFill {
  readonly pool: string;
  /** The first address; the others follow it. */
  readonly first: string;
  readonly count: number;
}

/** Creates the leases of other nodes' pods, many at a time. `say` hears of every 10,000. */
export async function fillLeases(
  raw: RawApi,
  { pool, first, count }: LeaseFill,
  say: (text: string) => void,
): Promise<void> {
  const start = parseAddress(first);
  if (start === undefined) throw new RangeError(`${first} is not an address`);
  for (let done = 0; done < count; done += BATCH) {
    const size = Math.min(BATCH, count - done);
    const tasks = Array.from({ length: size }, (_, index) => () => {
      const address = { ...start, value: start.value + BigInt(done + index) };
      return raw.create(rawLease(address, { pool, node: `node-${(done + index) % NODES}` }));
    });
    const rate = await throughput(tasks, PARALLEL);
    say(`  ${done + size} of ${count} leases in pool ${pool}, ${rate.toFixed(0)} a second`);
  }
}
