import { attachedLease, coolingLease, releasedLease, reservation } from "@cluster-ipam/allocator/testing";
import type { IPLeaseSpec } from "@cluster-ipam/api";
import type { LeaseRow } from "./lease-row.ts";

const ADDRESS = "10.9.0.5";
const WEB = { pod: { namespace: "shop", name: "web-0", uid: "u1" }, holder: "shop/web-0/net1" };
const OTHER = { pod: { namespace: "shop", name: "db-0", uid: "u2" }, holder: "shop/db-0/net1" };
const FOR_WEB = { reason: "printer", for: { namespace: "shop", name: "web-0" } };

const ATTACHED_TO_N1 = { node: "n1", containerID: "c1", ifName: "net1" } as const;

const held = (node: string, spec: Partial<IPLeaseSpec> = {}): IPLeaseSpec =>
  attachedLease(ADDRESS, { node, pool: "lab", ...WEB, ...spec }).spec;
const kept = (spec: Partial<IPLeaseSpec> = {}): IPLeaseSpec => releasedLease(ADDRESS, { pool: "lab", ...spec }).spec;
const reserved = (spec: Partial<IPLeaseSpec> = {}): IPLeaseSpec =>
  reservation(ADDRESS, FOR_WEB.for, { pool: "lab", ...spec }).spec;
const nobodys: IPLeaseSpec = reservation(ADDRESS, null, { pool: "lab" }).spec;
const cooling: IPLeaseSpec = coolingLease(ADDRESS, { pool: "lab" }).spec;
const { releasedAt: _at, keepSeconds: _for, ...nobodyInIt } = cooling;
const withoutPod: IPLeaseSpec = { ...nobodyInIt, ...ATTACHED_TO_N1 };

/** Every write that the allocator makes. */
export const ALLOWED_LEASES: readonly LeaseRow[] = [
  { title: "makes one of its node", after: held("n1") },
  {
    title: "writes one of its node anew, for another sandbox",
    before: held("n1"),
    after: held("n1", { containerID: "c2" }),
  },
  {
    title: "gives one of its node to another pod of it, where the sandbox is gone",
    before: held("n1"),
    after: held("n1", OTHER),
  },
  { title: "deletes one of its node", before: held("n1") },
  { title: "leaves one of its node as kept for its pod", before: held("n1"), after: kept() },
  { title: "leaves one of its node as cooling, without a pod", before: withoutPod, after: cooling },
  { title: "takes a kept one over for its pod", before: kept(), after: held("n1") },
  {
    title: "takes a reserved one over for the pod that it is for",
    before: reserved(),
    after: held("n1", { reserved: FOR_WEB }),
  },
  {
    title: "leaves a reserved one as the reservation that it was",
    before: held("n1", { reserved: FOR_WEB }),
    after: reserved(),
  },
];

const OF_ANOTHER = "the lease is held by node n2: the agent of node n1 may not";
const ALONE = "nobody holds the lease: the agent of node n1 may only take it over to that node";
const BY_HAND = "a reservation is made, changed and ended by hand alone";

const REFUSED: readonly LeaseRow[] = [
  { title: "makes one of another node", after: held("n2"), refusal: "may only create leases of that node" },
  { title: "makes a reservation", after: nobodys, refusal: "may only create leases of that node" },
  { title: "makes a kept one", after: kept(), refusal: "may only create leases of that node" },
  {
    title: "makes one of its node that is reserved",
    after: held("n1", { reserved: FOR_WEB }),
    refusal: "and no reservations",
  },
  {
    title: "changes one of another node",
    before: held("n2"),
    after: held("n2", { containerID: "c2" }),
    refusal: `${OF_ANOTHER} change it`,
  },
  { title: "takes one of another node", before: held("n2"), after: held("n1"), refusal: `${OF_ANOTHER} change it` },
  {
    title: "leaves one of another node as kept",
    before: held("n2"),
    after: kept(),
    refusal: `${OF_ANOTHER} change it`,
  },
  { title: "deletes one of another node", before: held("n2"), refusal: `${OF_ANOTHER} delete it` },
  {
    title: "gives one of its node to another node",
    before: held("n1"),
    after: held("n2"),
    refusal: "may not give a lease to node n2",
  },
  {
    title: "takes a kept one over for another pod",
    before: kept(),
    after: held("n1", OTHER),
    refusal: "the address is kept for shop/web-0/net1",
  },
  {
    title: "takes a kept one over for no pod",
    before: kept(),
    after: withoutPod,
    refusal: "the address is kept for shop/web-0/net1",
  },
  { title: "takes a kept one over to another node", before: kept(), after: held("n2"), refusal: ALONE },
  { title: "changes for how long one is kept", before: kept(), after: kept({ keepSeconds: 1 }), refusal: ALONE },
  { title: "reserves a kept one", before: kept(), after: nobodys, refusal: ALONE },
  { title: "deletes a kept one", before: kept(), refusal: ALONE },
  {
    title: "takes a cooling one over that was nobody's",
    before: cooling,
    after: withoutPod,
    refusal: "the address is kept for nobody",
  },
  {
    title: "leaves one of its node as kept for another pod",
    before: held("n1"),
    after: kept(OTHER),
    refusal: "kept for the pod and interface that had it",
  },
  {
    title: "takes a reserved one over for another pod",
    before: reserved(),
    after: held("n1", { ...OTHER, reserved: FOR_WEB }),
    refusal: "a reserved address may only be attached to the pod that reserved.for names",
  },
  {
    title: "takes a reserved one over that is for nobody",
    before: nobodys,
    after: held("n1", { reserved: { reason: "printer" } }),
    refusal: "a reserved address may only be attached to the pod that reserved.for names",
  },
  {
    title: "takes a reserved one over and ends the reservation",
    before: reserved(),
    after: held("n1"),
    refusal: BY_HAND,
  },
  {
    title: "takes a reserved one over to another node",
    before: reserved(),
    after: held("n2", { reserved: FOR_WEB }),
    refusal: ALONE,
  },
  { title: "changes a reservation", before: reserved(), after: nobodys, refusal: ALONE },
  { title: "deletes a reservation", before: nobodys, refusal: ALONE },
  {
    title: "ends the reservation of one of its node",
    before: held("n1", { reserved: FOR_WEB }),
    after: held("n1"),
    refusal: BY_HAND,
  },
  { title: "reserves one of its node", before: held("n1"), after: held("n1", { reserved: FOR_WEB }), refusal: BY_HAND },
  { title: "leaves one of its node as a reservation", before: held("n1"), after: nobodys, refusal: BY_HAND },
  {
    title: "changes a reservation as it gives it back",
    before: held("n1", { reserved: FOR_WEB }),
    after: nobodys,
    refusal: BY_HAND,
  },
  {
    title: "deletes one of its node that is reserved",
    before: held("n1", { reserved: FOR_WEB }),
    refusal: "a reservation is ended by hand alone",
  },
];

/** Those, and every other one that might do harm. */
export const LEASE_ROWS: readonly LeaseRow[] = [...ALLOWED_LEASES, ...REFUSED];
