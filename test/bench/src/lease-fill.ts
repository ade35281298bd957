import type { IPLease } from "@cluster-ipam/api";
import { type Address, parseAddress } from "@cluster-ipam/ip";
import { type RawApi, rawLease } from "./raw-api.ts";
import { throughput } from "./statistics.ts";

/** How many creates are under way at any time. */
const PARALLEL = 64;
/** Leases between two words about how far it is. */
const BATCH = 10_000;
/** As on a large cluster: what an agent holds itself is little of it. */
const NODES = 500;

/** The nodes that the leases are on. */
export const NODE_NAMES: readonly string[] = Array.from({ length: NODES }, (_, index) => `node-${index}`);

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
      return raw.create(podLease(address, { pool, node: NODE_NAMES[(done + index) % NODES] ?? "" }));
    });
    const rate = await throughput(tasks, PARALLEL);
    say(`  ${done + size} of ${count} leases in pool ${pool}, ${rate.toFixed(0)} a second`);
  }
}

/** A lease whose texts are as long as those of a pod of a Deployment on containerd. */
export function podLease(address: Address, place: Readonly<Record<"pool" | "node", string>>): IPLease {
  const lease = rawLease(address, place);
  const digits = address.value.toString(16).padStart(32, "0").slice(-12);
  const pod = { namespace: "production", name: `checkout-service-${digits}`, uid: `6f1c9a52-0d5e-4c53-9f0e-${digits}` };
  const sandbox = {
    netns: `/var/run/netns/cni-${pod.uid}`,
    inode: "4026531840",
    bootID: "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
  };
  const containerID = digits.padStart(64, "c");
  const { namespace, name } = pod;
  const network = address.family === 4 ? {} : { prefixLength: 64, gateway: "fd00::1" };
  return {
    ...lease,
    spec: { ...lease.spec, ...network, containerID, pod, holder: `${namespace}/${name}/net1`, sandbox },
  };
}
