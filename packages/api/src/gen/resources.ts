import { IPBlockSchema } from "../block-schema.ts";
import { BLOCK_RESOURCE, LEASE_RESOURCE, POOL_RESOURCE } from "../group.ts";
import { IPLeaseSchema } from "../lease-schema.ts";
import { IPPoolSchema } from "../pool-schema.ts";
import type { CustomResource, PrinterColumn } from "./custom-resource.ts";

const AGE: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "When the object was created.",
};

/** The name is the address already: what else fits into 80 columns is who holds it. */
const LEASE: CustomResource = {
  kind: "IPLease",
  singular: "iplease",
  plural: LEASE_RESOURCE,
  shortName: "ipl",
  schema: IPLeaseSchema,
  columns: [
    { ...text("Address", ".spec.address", "The address in canonical form."), priority: 1 },
    { ...text("Pool", ".spec.pool", "Pool that the address came from."), priority: 1 },
    text("Namespace", ".spec.pod.namespace", "Namespace of the pod that holds the address."),
    text("Pod", ".spec.pod.name", "Pod that holds the address."),
    text("Node", ".spec.node", "Node of the pod."),
    text("Interface", ".spec.ifName", "Interface that has the address."),
    { ...text("Network", ".spec.network", "Name of the CNI network configuration."), priority: 1 },
    { ...text("Reserved", ".spec.reserved.reason", "Why the address is kept by hand."), priority: 1 },
    {
      name: "Released",
      type: "date",
      jsonPath: ".spec.releasedAt",
      description: "When the address was given back, while it cools down or is retained.",
      priority: 1,
    },
    AGE,
  ],
  selectableFields: [".spec.node", ".spec.pool", ".spec.holder"],
  hasStatus: false,
};

const POOL: CustomResource = {
  kind: "IPPool",
  singular: "ippool",
  plural: POOL_RESOURCE,
  shortName: "ipp",
  schema: IPPoolSchema,
  columns: [
    text("Ranges", ".spec.ranges[0].subnet", "Subnet of the first range; -o wide shows the second."),
    { ...text("Start", ".spec.ranges[0].start", "First address of the first range, if it is given."), priority: 1 },
    { ...text("End", ".spec.ranges[0].end", "Last address of the first range, if it is given."), priority: 1 },
    { ...text("Second Range", ".spec.ranges[1].subnet", "Subnet of the second range, if there is one."), priority: 1 },
    text("Capacity", ".status.capacity", "Addresses that may be handed out."),
    text("Used", ".status.used", "Addresses that are leased."),
    text("Free", ".status.free", "Addresses that are left."),
    { ...text("Reserved", ".status.reserved", "Addresses that are kept by hand."), priority: 1 },
    { ...text("Strategy", ".spec.strategy", "How an address is chosen."), priority: 1 },
    { ...text("Space", ".spec.addressSpace", "Space within which addresses are unique."), priority: 1 },
    AGE,
  ],
  selectableFields: [],
  hasStatus: true,
};

const BLOCK: CustomResource = {
  kind: "IPBlock",
  singular: "ipblock",
  plural: BLOCK_RESOURCE,
  shortName: "ipb",
  schema: IPBlockSchema,
  columns: [
    text("Prefix", ".spec.prefix", "The addresses of the block."),
    text("Pool", ".spec.pool", "Pool that the block is cut from."),
    text("Node", ".spec.node", "Node that hands the addresses out."),
    { ...text("Space", ".spec.addressSpace", "Space within which addresses are unique."), priority: 1 },
    AGE,
  ],
  selectableFields: [".spec.node", ".spec.pool"],
  hasStatus: false,
};

/** Every custom resource of ours. */
export const CUSTOM_RESOURCES: readonly CustomResource[] = [LEASE, POOL, BLOCK];

function text(name: string, jsonPath: string, description: string): PrinterColumn {
  return { name, type: "string", jsonPath, description };
}
