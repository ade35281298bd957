import type { IPBlock, IPLease, IPPool } from "@cluster-ipam/api";
import { INLINE_LABEL } from "@cluster-ipam/api";
import type { BlockChange } from "./block-log.ts";
import { contains } from "./block-rules.ts";
import type { LeaseChange } from "./lease-log.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { Rule } from "./violation.ts";

/** What the rules are held against. */
export interface GarbageRuleParts {
  readonly server: SimulatedApiServer;
  readonly complain: (rule: Rule, text: string) => void;
}

/** What a controller reads before a write is read within so long, answers that come late and repeated reads included. */
const READ_MS = 15_000;

/**
 * What controllers take away: leases whose machine was off after they were written last, of pods that are gone; blocks
 * of machines that were off, and inline pools, in which there was no lease. Blocks and pools are judged by what was so
 * when a controller looked: more than that it cannot know of a write that is late.
 */
export class GarbageRules {
  readonly #parts: GarbageRuleParts;

  constructor(parts: GarbageRuleParts) {
    this.#parts = parts;
  }

  /** Looks at the write of a lease. */
  leaseChanged({ name, before, after, writer }: LeaseChange): void {
    if (writer.kind !== "controller") return;
    const { server, complain } = this.#parts;
    if (before === undefined || before.spec.containerID === "") {
      if (after !== undefined) complain("lost-lease", `a controller wrote ${name}, which nobody is attached to`);
      return;
    }
    const { node, pod } = before.spec;
    if (!server.machines.wasOffSince(node, server.leases.writtenAtMs(name))) {
      complain("lost-lease", `a controller took ${name} from ${node}, whose machine is on`);
    }
    const living = pod === undefined ? undefined : server.pods.get(pod.name);
    if (living !== undefined && living.uid === pod?.uid) {
      complain("lost-lease", `a controller took ${name} from pod ${pod.name}, which is still there`);
    }
  }

  /** Looks at the write of a block. */
  blockChanged({ kind, block, writer }: BlockChange): void {
    if (writer.kind !== "controller" || kind === "claimed") return;
    const { server, complain } = this.#parts;
    const { node, prefix, pool } = block.spec;
    if (!server.machines.wasOffSince(node, writer.sentAtMs - READ_MS)) {
      complain("lost-block", `a controller took block ${prefix} from ${node}, whose machine is on`);
    }
    const inside = this.#leasesSince(pool, writer.sentAtMs).find(({ spec }) => contains(block, spec.address));
    if (inside !== undefined) this.#complainOfBlock(block, inside);
  }

  /** Looks at the end of a pool. */
  poolEnded({ metadata: { name, labels } }: IPPool, sentAtMs: number): void {
    const { complain } = this.#parts;
    if (labels?.[INLINE_LABEL] !== "true")
      complain("lost-pool", `a controller removed pool ${name} of an administrator`);
    const lease = this.#leasesSince(name, sentAtMs)[0];
    if (lease !== undefined)
      complain("lost-pool", `a controller removed pool ${name}, which ${lease.spec.address} is of`);
  }

  #leasesSince(pool: string, sentAtMs: number): readonly IPLease[] {
    return this.#parts.server.leases.since(sentAtMs - READ_MS).filter(({ spec }) => spec.pool === pool);
  }

  #complainOfBlock({ spec: { prefix } }: IPBlock, { spec: { address } }: IPLease): void {
    this.#parts.complain("lost-block", `a controller gave back block ${prefix}, and ${address} is in it`);
  }
}
