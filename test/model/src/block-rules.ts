import type { IPBlock, IPLease } from "@cluster-ipam/api";
import type { BlockChange } from "./block-log.ts";
import type { LeaseChange } from "./lease-log.ts";
import type { Ledger } from "./ledger.ts";
import { fixedText } from "./plan.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { Rule } from "./violation.ts";

/** What the rules are held against. */
export interface BlockRuleParts {
  readonly ledger: Ledger;
  readonly server: SimulatedApiServer;
  readonly complain: (rule: Rule, text: string) => void;
}

/**
 * Blocks are one node's each: nobody else claims or ends one, it is not given back under a lease of its node, and what
 * is handed out to those who ask for no address is of a block of the node's own.
 */
export class BlockRules {
  readonly #parts: BlockRuleParts;
  /** Whether a hand has deleted a block under its node: the node may not know yet. */
  #isRobbed = false;

  constructor(parts: BlockRuleParts) {
    this.#parts = parts;
  }

  /** Looks at the write of a block. */
  blockChanged({ kind, block, writer }: BlockChange): void {
    const { server, complain } = this.#parts;
    const { node, prefix, pool } = block.spec;
    if (writer.kind === "administrator") this.#isRobbed = true;
    // Its agent may not know yet that the block, given back while the machine was off, is its no more.
    else if (writer.kind === "controller") this.#isRobbed ||= !server.machines.wasOffSince(node, Number.MAX_VALUE);
    else if (writer.node !== node) complain("foreign-block", `${writer.node} wrote block ${prefix} of ${node}`);
    const others = server.blocks.all().filter((other) => other !== block && other.spec.pool === pool);
    if (kind === "claimed" && others.some((other) => hasFirstOf(other, block) || hasFirstOf(block, other))) {
      complain("foreign-block", `${node} claimed ${prefix}, which is a part of another block`);
    }
    if (kind === "ended" && writer.kind === "agent") this.#judgeEnd(block);
  }

  /** Looks at the write of a lease. */
  leaseChanged({ before, after, writer }: LeaseChange): void {
    if (before !== undefined || after === undefined || writer.kind !== "agent" || this.#isRobbed) return;
    const { server, complain } = this.#parts;
    const { pool, address } = after.spec;
    if (!server.history.hasAlwaysHadBlocks(pool) || !this.#isChosen(after)) return;
    const blocks = server.blocks.all().filter((block) => block.spec.pool === pool && contains(block, address));
    if (blocks.some(({ spec }) => spec.node === writer.node)) return;
    const owner = blocks[0]?.spec.node ?? "nobody";
    complain("foreign-block", `${writer.node} took ${address}, which lies in a block of ${owner}`);
  }

  /** Neither asked for nor made again where somebody had deleted it by hand. */
  #isChosen({ metadata, spec }: IPLease): boolean {
    const record = this.#parts.ledger.find(spec.network, spec.containerID, spec.ifName);
    return record !== undefined && !record.robbed.has(metadata.name) && fixedText(record.plan) !== spec.address;
  }

  #judgeEnd(block: IPBlock): void {
    const { node, prefix, pool } = block.spec;
    const isInside = ({ spec }: IPLease): boolean =>
      spec.pool === pool && spec.node === node && contains(block, spec.address);
    const inside = this.#parts.server.leases.all().find(isInside);
    if (inside === undefined) return;
    this.#parts.complain(
      "lost-block",
      `block ${prefix} of ${node} was given back, and ${inside.spec.address} is in use`,
    );
  }
}

/** Whether `address` is one of the block, by the numbers that its addresses have in the model. */
export function contains({ spec: { prefix } }: Pick<IPBlock, "spec">, address: string): boolean {
  const [first = "", length = ""] = prefix.split("/");
  if (first.includes(":") !== address.includes(":")) return false;
  const size = 2 ** ((first.includes(":") ? 128 : 32) - Number(length));
  const distance = numberOf(address) - numberOf(first);
  return distance >= 0 && distance < size;
}

function hasFirstOf(outer: IPBlock, inner: IPBlock): boolean {
  return contains(outer, inner.spec.prefix.replace(/\/.*$/, ""));
}

/** `10.0.0.5` and `fd00::5` are the fifth of their subnets. */
function numberOf(address: string): number {
  const [last = ""] = /[0-9a-f]*$/.exec(address) ?? [];
  return Number.parseInt(last === "" ? "0" : last, address.includes(":") ? 16 : 10);
}
