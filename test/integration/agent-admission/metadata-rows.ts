import { attachedLease } from "@cluster-ipam/allocator/testing";
import { FINALIZED, type LeaseRow, OWNED } from "./lease-row.ts";

const { spec } = attachedLease("10.9.0.5", { node: "n1" });
const reserved = { ...spec, reserved: { reason: "printer", for: { namespace: "default", name: "web-0" } } };
const another = { ...spec, containerID: "c2" };
const refusal = "agents neither set nor change finalizers and ownerReferences";

/** Writes of leases that others have put something on. */
export const ALLOWED_METADATA: readonly LeaseRow[] = [
  {
    title: "writes one of its node anew, with the finalizers and owners that others gave it",
    before: spec,
    after: another,
    metadataBefore: { ...FINALIZED, ...OWNED },
  },
  { title: "deletes one of its node that somebody holds back", before: spec, metadataBefore: FINALIZED },
];

const REFUSED: readonly LeaseRow[] = [
  { title: "makes one that is held back", after: spec, metadata: FINALIZED, refusal },
  { title: "makes one that belongs to something else", after: spec, metadata: OWNED, refusal },
  { title: "holds one of its node back", before: spec, after: another, metadata: FINALIZED, refusal },
  {
    title: "has a garbage collector end the reservation of one of its node",
    before: reserved,
    after: reserved,
    metadata: OWNED,
    refusal,
  },
  {
    title: "lets one of its node go that somebody holds back",
    before: spec,
    after: another,
    metadataBefore: FINALIZED,
    metadata: { finalizers: [] },
    refusal,
  },
  {
    title: "takes the owner from one of its node",
    before: spec,
    after: another,
    metadataBefore: OWNED,
    metadata: { ownerReferences: [] },
    refusal,
  },
];

/** What agents leave alone on their leases, and what they must not put there. */
export const METADATA_ROWS: readonly LeaseRow[] = [...ALLOWED_METADATA, ...REFUSED];
