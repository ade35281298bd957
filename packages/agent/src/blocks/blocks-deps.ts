import type { BlockStore, BusyNames, Clock, LeaseStore } from "@cluster-ipam/allocator";
import type { Logger } from "@cluster-ipam/telemetry";
import type { AgentMeter } from "../agent-meter.ts";
import type { Outages } from "../api-circuit.ts";
import type { Attachments } from "../attachments/attachments.ts";
import type { PendingReleases } from "../releases/pending-releases.ts";
import type { BlockBook } from "./block-book.ts";
import type { UnsureBlocks } from "./unsure-blocks.ts";

/** The world around the blocks of a node. */
export interface BlocksWorld extends Outages {
  readonly node: string;
  readonly store: BlockStore;
  readonly leases: Pick<LeaseStore, "listNames">;
  readonly attachments: Pick<Attachments, "all">;
  readonly pending: Pick<PendingReleases, "due">;
  readonly busy: Pick<BusyNames, "held">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: AgentMeter;
}

/** That, and what is known of the blocks. */
export interface BlocksState extends BlocksWorld {
  readonly book: BlockBook;
  readonly unsure: UnsureBlocks;
}
