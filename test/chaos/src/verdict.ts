import type { IPLease } from "@cluster-ipam/api";
import { type AttachmentRecord, describe } from "./attachment.ts";
import type { Ledger } from "./ledger.ts";
import type { Violation } from "./violation.ts";

/** What an attachment held at one moment. */
export interface Holding {
  readonly record: AttachmentRecord;
  readonly addresses: readonly string[];
}

/** What every attachment holds now. */
export function holdingsOf(ledger: Ledger): readonly Holding[] {
  return ledger.holders.flatMap((record) =>
    record.holding === undefined ? [] : [{ record, addresses: record.holding }],
  );
}

/**
 * Holdings without their lease.
 *
 * @param holdings - those of a moment before the server was asked for `leases`; what has changed since does not count.
 */
export function lostLeases(holdings: readonly Holding[], leases: readonly IPLease[]): readonly Violation[] {
  const byAddress = new Map(leases.map((lease) => [lease.spec.address, lease]));
  return holdings
    .filter(({ record, addresses }) => record.holding === addresses)
    .flatMap(({ record, addresses }) => addresses.flatMap((address) => lostLease(record, address, byAddress)));
}

function lostLease(
  { attachment }: AttachmentRecord,
  address: string,
  byAddress: ReadonlyMap<string, IPLease>,
): readonly Violation[] {
  const spec = byAddress.get(address)?.spec;
  const { containerId, ifName, network, node } = attachment;
  const isOwn =
    spec?.containerID === containerId && spec.ifName === ifName && spec.network === network && spec.node === node;
  if (isOwn) return [];
  const now = spec === undefined ? "nobody has it" : `container ${spec.containerID} on ${spec.node} has it`;
  const text = `${address} of ${describe(attachment)}: ${now}`;
  return [{ rule: "lost-lease", text, containerIds: [containerId, ...(spec === undefined ? [] : [spec.containerID])] }];
}

/**
 * Leases that nobody holds.
 *
 * @param which - `certain`: of attachments whose every ADD succeeded and whose DEL did, which no reconciliation is needed
 *   for; `all`: of any.
 */
export function leasesLeftBehind(
  ledger: Ledger,
  leases: readonly IPLease[],
  which: "certain" | "all",
): readonly Violation[] {
  return leases.flatMap(({ spec }): readonly Violation[] => {
    const record = ledger.find(spec.containerID, spec.ifName);
    if (record?.holding?.includes(spec.address) === true) return [];
    if (which === "certain" && !(record?.isReleased === true && !record.hasFailedAdd)) return [];
    const whose = record === undefined ? `container ${spec.containerID} on ${spec.node}` : describe(record.attachment);
    const where = spec.sandbox === undefined ? " (in no sandbox that its agent saw)" : "";
    const text = `${spec.address} of ${whose}${where}: ${record === undefined ? "never called for" : lastWords(record)}`;
    return [{ rule: "left-behind", text, containerIds: [spec.containerID] }];
  });
}

function lastWords({ calls }: AttachmentRecord): string {
  return calls.map(({ command, said }) => `${command} ${said}`).join(", then ");
}
