import type { IPBlock, IPLease } from "@cluster-ipam/api";
import type { AttachmentRecord } from "./attachment-record.ts";
import { contains } from "./block-rules.ts";
import { leasesWithoutHolder, type Observed } from "./invariants.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** What is looked at once everything works. */
export interface EndState extends Observed {
  readonly nodes: readonly SimulatedNode[];
}

/** Leases that are nobody's. A second lease of a living attachment that an agent was killed over cannot be told from the first. */
export function left(parts: EndState): readonly { readonly lease: IPLease }[] {
  return leasesWithoutHolder(parts).filter(({ record }) => record?.holding === undefined);
}

/** Their time is over, too, by the end. */
export function stillKept({ server }: EndState): readonly IPLease[] {
  return server.leases.all().filter(({ spec }) => spec.releasedAt !== undefined);
}

/** Blocks in which there is no lease of their pool, and none of their node. */
export function idleBlocks({ server }: EndState): readonly IPBlock[] {
  const leases = server.leases.all();
  return server.blocks.all().filter((block) => {
    const { pool, node, addressSpace } = block.spec;
    return !leases.some(({ spec }) => {
      const isTheirs = spec.pool === pool || (spec.node === node && spec.addressSpace === addressSpace);
      return isTheirs && contains(block, spec.address);
    });
  });
}

/** What was deleted by hand before the eyes of an agent that still runs, and that nobody else has taken since. */
export function lost({
  ledger,
  nodes,
  server,
}: EndState): readonly { readonly name: string; readonly record: AttachmentRecord }[] {
  const names = new Set(server.leases.all().map(({ metadata }) => metadata.name));
  return ledger.records.flatMap((record) =>
    [...record.robbed].flatMap(([name, by]) => {
      const isWitness = by !== undefined && nodes.some(({ process }) => process === by);
      return isWitness && record.holding !== undefined && !names.has(name) ? [{ name, record }] : [];
    }),
  );
}
