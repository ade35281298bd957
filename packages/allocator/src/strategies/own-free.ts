import { leaseName } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";
import type { BusyNames, NameHold } from "../busy-names.ts";
import type { OwnLeases } from "../own-leases.ts";
import type { CandidateContext, Candidates } from "./candidates.ts";
import { type FullError, listedFree, poolExhausted, randomBelow } from "./listed-free.ts";
import { SpreadWalk } from "./spread-walk.ts";

/** How the addresses that are the node's own are gone through. */
export type OwnOrder = "Spread" | "Sequential";

/** What this node knows without asking anybody. */
export interface OwnContext extends CandidateContext {
  readonly own: Pick<OwnLeases, "byName">;
  readonly busy: BusyNames;
  /** What this call is at. */
  readonly hold: NameHold;
}

/**
 * Free addresses of a set that no other node hands out of, by what this node remembers: neither a list nor a conflict,
 * however many calls there are at once. Only where memory knows of none does a list decide.
 */
export async function* ownFree(order: OwnOrder, context: OwnContext): Candidates {
  yield* unheld(order, context);
  return yield* listedOwn(order, context, poolExhausted);
}

/**
 * Addresses of the set that this node does not hold, that no call of it is at, and that nobody has just been found to
 * have. Each is the call's own from the moment at which it is chosen.
 */
export function* unheld(order: OwnOrder, context: OwnContext): Generator<Address, void, void> {
  const { set, own, busy } = context;
  for (const offset of offsetsOf(order, context)) {
    const address = set.open.at(offset);
    const name = leaseName(address, set.addressSpace);
    if (own.byName(name) === undefined && !busy.isBusy(name)) yield* tried(address, name, context);
  }
}

/**
 * Addresses that a list shows free, but for those that a call of this node is at.
 *
 * @param full the error for a list that began after the call and shows none
 */
export async function* listedOwn(order: OwnOrder, context: OwnContext, full: FullError): Candidates {
  const { set, busy, hints, random } = context;
  const choose = order === "Sequential" ? () => 0n : (free: bigint) => randomBelow(free, random);
  for await (const address of listedFree(context, choose, full)) {
    const name = leaseName(address, set.addressSpace);
    if (busy.isHeld(name)) continue;
    // Be it that it is taken, or that it becomes ours: another call that goes by this list leaves it alone.
    hints.learnTaken(set, address);
    yield* tried(address, name, context);
  }
  throw new RangeError("candidates ended without an error");
}

/** One candidate; where the next one is asked for, it was taken. */
function* tried(address: Address, name: string, { hold, busy }: OwnContext): Generator<Address, void, void> {
  hold.add(name);
  yield address;
  hold.remove(name);
  busy.learnTaken(name);
}

function* offsetsOf(order: OwnOrder, { set, seed }: Pick<OwnContext, "set" | "seed">): Generator<bigint, void, void> {
  const { size } = set.open;
  if (size === 0n) return;
  if (order === "Sequential") {
    for (let offset = 0n; offset < size; offset += 1n) yield offset;
    return;
  }
  const walk = new SpreadWalk(seed, size);
  for (let offset = walk.next(); offset !== undefined; offset = walk.next()) yield offset;
}
