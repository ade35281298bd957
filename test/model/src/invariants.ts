import type { IPLease } from "@cluster-ipam/api";
import { type AttachmentRecord, describe } from "./attachment-record.ts";
import type { Ledger } from "./ledger.ts";
import { containerIdOf } from "./plan.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { Violation } from "./violation.ts";

/** What is looked at. */
export interface Observed {
  readonly ledger: Ledger;
  readonly server: SimulatedApiServer;
}

/** What must hold after every step; looked at only when something has changed since. */
export class StepInvariants {
  readonly #observed: Observed;
  #seen = "";

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /** The first rule that is broken now. */
  check(): Violation | undefined {
    const { ledger, server } = this.#observed;
    const seen = `${ledger.version}/${server.leases.version}`;
    if (seen === this.#seen) return undefined;
    this.#seen = seen;
    const holders = ledger.records.filter(({ holding }) => holding !== undefined);
    if (holders.length === 0) return undefined;
    const leases = new Map(server.leases.all().map((lease) => [lease.metadata.name, lease]));
    takeBack(holders, leases);
    return twoHolders(holders, leases) ?? lostLease(holders, leases);
  }
}

/** What a holder has leases for: what was deleted by hand does not count until it is back. */
function securedBy({ holding, robbed }: AttachmentRecord): readonly string[] {
  return (holding ?? []).filter((name) => !robbed.has(name));
}

/** What was deleted by hand and is the holder's again counts as before. */
function takeBack(holders: readonly AttachmentRecord[], leases: ReadonlyMap<string, IPLease>): void {
  for (const record of holders) {
    for (const name of record.robbed.keys()) {
      const lease = leases.get(name);
      if (lease !== undefined && isOf(lease, record)) record.robbed.delete(name);
    }
  }
}

function twoHolders(holders: readonly AttachmentRecord[], leases: ReadonlyMap<string, IPLease>): Violation | undefined {
  const holderOf = new Map<string, AttachmentRecord>();
  for (const record of holders) {
    for (const name of securedBy(record)) {
      const other = holderOf.get(name);
      if (other !== undefined) {
        return { rule: "two-holders", text: `${name} is held by ${describe(other.plan)} and ${describe(record.plan)}` };
      }
      const reserved = leases.get(name)?.spec.reserved;
      if (reserved !== undefined && reserved.for?.name !== record.plan.pod.name) {
        return { rule: "forbidden-address", text: `${name} of ${describe(record.plan)} is reserved` };
      }
      holderOf.set(name, record);
    }
  }
  return undefined;
}

function lostLease(holders: readonly AttachmentRecord[], leases: ReadonlyMap<string, IPLease>): Violation | undefined {
  for (const record of holders) {
    const { plan } = record;
    for (const name of securedBy(record)) {
      const lease = leases.get(name);
      if (lease !== undefined && isOf(lease, { plan })) continue;
      const now = lease === undefined ? "nobody has it" : `container ${lease.spec.containerID} has it`;
      return { rule: "lost-lease", text: `${name} of ${describe(plan)}: ${now}` };
    }
  }
  return undefined;
}

/** Whether `lease` says that it is this attachment's. */
function isOf({ spec }: IPLease, { plan }: Pick<AttachmentRecord, "plan">): boolean {
  return (
    spec.containerID === containerIdOf(plan) &&
    spec.ifName === plan.ifName &&
    spec.network === plan.network &&
    spec.node === plan.pod.node
  );
}

/** Leases that say to be attachments' that do not have them by what the callers know. */
export function leasesWithoutHolder({
  ledger,
  server,
}: Observed): { lease: IPLease; record: AttachmentRecord | undefined }[] {
  return server.leases.all().flatMap((lease) => {
    const { network, containerID, ifName } = lease.spec;
    if (containerID === "") return [];
    const record = ledger.find(network, containerID, ifName);
    const isHeld = record?.holding?.includes(lease.metadata.name) === true;
    return isHeld ? [] : [{ lease, record }];
  });
}
