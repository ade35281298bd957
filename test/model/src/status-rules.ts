import type { IPPool } from "@cluster-ipam/api";
import { offerOf, podCidrOffer } from "./offer.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { NetworkPlan, PoolPlan } from "./small-network.ts";

/** What a status says in numbers. */
type Counts = Readonly<Record<"capacity" | "used" | "reserved" | "kept" | "free", string>>;

/**
 * Pools whose status says something else than what there is, counted on fingers: who has an address of a pool counts,
 * whichever pool gave it.
 *
 * @returns a sentence for each of them
 */
export function wrongStatuses(server: SimulatedApiServer, networks: readonly NetworkPlan[]): readonly string[] {
  return server.pools.all().flatMap((pool) => {
    const plan = planOf(pool, server, networks);
    if (plan === undefined) return [];
    const [expected, said] = [countsOf(plan, server), saidBy(pool)];
    const wrong = Object.entries(expected).filter(([key, value]) => said[key as keyof Counts] !== value);
    return wrong.map(
      ([key, value]) => `pool ${pool.metadata.name} says ${key} ${said[key as keyof Counts]}, it is ${value}`,
    );
  });
}

/** That of an administrator's pool, or of the network of whose ranges of one family an agent made it. */
function planOf(
  { metadata: { name, labels }, spec }: IPPool,
  { history }: SimulatedApiServer,
  networks: readonly NetworkPlan[],
): PoolPlan | undefined {
  if (labels === undefined) return history.planNow(name);
  const plan = networks.find((network) => network.kind === "inline" && name.startsWith(`${network.name}-`))?.pool;
  const family = spec.ranges.some(({ subnet }) => subnet.includes(":")) ? 6 : 4;
  return plan && { ...plan, ranges: plan.ranges.filter((range) => range.family === family) };
}

function countsOf(plan: PoolPlan, server: SimulatedApiServer): Counts {
  const podCidrs = server.nodes.podCidrs(plan.nodeSelector);
  const offer = plan.isOfPodCidrs === true ? podCidrOffer(podCidrs) : offerOf(plan);
  const inside = server.leases
    .all()
    .filter(({ spec }) => spec.addressSpace === plan.addressSpace && offer.onRequest.has(spec.address));
  const used = inside.filter(({ spec }) => spec.containerID !== "").length;
  const kept = inside.filter(({ spec }) => spec.releasedAt !== undefined).length;
  const reserved = inside.length - used - kept;
  const [capacity, free] = [offer.onRequest.size, offer.onRequest.size - inside.length];
  return {
    capacity: String(capacity),
    used: String(used),
    reserved: String(reserved),
    kept: String(kept),
    free: String(free),
  };
}

function saidBy({ status }: IPPool): Partial<Counts> {
  const { capacity = "", used = "", reserved = "", kept = "", free = "" } = status ?? {};
  return { capacity, used, reserved, kept, free };
}
