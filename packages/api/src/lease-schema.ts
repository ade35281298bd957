import * as z from "zod";
import { addressField, addressSpaceField } from "./address-field.ts";
import { described, immutable } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";
import { API_VERSION } from "./group.ts";
import { LEASE_NAME_RULE, LEASE_SPEC_RULES, NAMESPACE_NAME, POD_NAME, RESERVATION_REASON } from "./lease-rules.ts";
import { ObjectMetaSchema } from "./object-meta.ts";

/** Longest name of a Kubernetes object (DNS subdomain). */
const NAME_MAX_LENGTH = 253;
const NAMESPACE_MAX_LENGTH = 63;
/** IFNAMSIZ of the kernel less its terminating zero. */
const IFNAME_MAX_LENGTH = 15;
/** `namespace/name/ifName`. */
const HOLDER_MAX_LENGTH = NAMESPACE_MAX_LENGTH + NAME_MAX_LENGTH + IFNAME_MAX_LENGTH + 2;
const PATH_MAX_LENGTH = 4095;
/** The longest time that a pool may retain an address: ten years. */
const KEEP_MAX_SECONDS = 315_360_000;
const DELETE_AND_CREATE = "delete the lease and create another";

const namespaceField = z.string().min(1).max(NAMESPACE_MAX_LENGTH);
const nameField = z.string().min(1).max(NAME_MAX_LENGTH);

const PodSchema = z
  .object({
    namespace: namespaceField.meta(described("Namespace of the pod.")),
    name: nameField.meta(described("Name of the pod.")),
    uid: z.string().max(128).meta(described("UID of the pod, where the runtime tells it.")).exactOptional(),
  })
  .meta(described("Pod that holds the address, where the runtime names one."));

const SandboxSchema = z
  .object({
    netns: z.string().min(1).max(PATH_MAX_LENGTH).meta(described("Path of the network namespace on the node.")),
    inode: z
      .string()
      .min(1)
      .max(20)
      .meta(described("Inode number of the network namespace, as decimal digits (it may pass 2^53).")),
    bootID: z.string().min(1).max(64).meta(described("Boot ID of the node at the time of the ADD.")),
  })
  .meta(
    described(
      "Network namespace of the attachment: as long as it exists, the lease is alive." +
        " Absent where the agent cannot see it; the pod decides then.",
    ),
  );

const AddedAtSchema = z
  .object({
    bootID: z.string().min(1).max(64).meta(described("Boot ID of the node at the time of the ADD.")),
    bootTimeNs: z
      .string()
      .max(20)
      .regex(/^[0-9]+$/)
      .meta(described("Nanoseconds since that boot, CLOCK_BOOTTIME, as decimal digits (they may pass 2^53).")),
  })
  .meta(
    described(
      "When the ADD began that was last answered with the lease, by the node's own clock: a DEL that began earlier does" +
        " not release it, however late it is carried out.",
    ),
  );

const ReservedSchema = z
  .object({
    reason: z.string().min(1).max(256).meta(described("Why the address is kept, for people.", RESERVATION_REASON)),
    for: z
      .object({
        namespace: namespaceField.meta(described("Namespace of the pod.", NAMESPACE_NAME)),
        name: nameField.meta(described("Name of the pod.", POD_NAME)),
      })
      .meta(described("The one pod that may take the address; absent means nobody."))
      .exactOptional(),
  })
  .meta(described("Keeps the address by hand: it is never handed out, or only to the pod named here."));

const IPLeaseSpecSchema = z
  .object({
    address: addressField(
      "IP address of the lease in canonical form. Immutable.",
      immutable("address", DELETE_AND_CREATE),
    ),
    prefixLength: z
      .int()
      .min(1)
      .max(128)
      .meta(
        described(
          "Prefix length that the interface gets with the address. Immutable.",
          immutable("prefixLength", DELETE_AND_CREATE),
        ),
      ),
    gateway: addressField("Gateway that was handed out with the address.").exactOptional(),
    pool: z
      .string()
      .max(NAME_MAX_LENGTH)
      .meta(
        described(
          "IPPool that the address came from; empty for static addresses and those of index2ip. Immutable.",
          immutable("pool", DELETE_AND_CREATE),
        ),
      )
      .default(""),
    addressSpace: addressSpaceField(
      "Space within which the address is unique; empty is the default space, shared by all networks. Immutable.",
      immutable("addressSpace", DELETE_AND_CREATE),
    ),
    network: z.string().max(NAME_MAX_LENGTH).meta(described("Name of the CNI network configuration.")).default(""),
    node: z
      .string()
      .max(NAME_MAX_LENGTH)
      .meta(described("Node whose agent answers for the lease; empty while nobody is attached."))
      .default(""),
    pod: PodSchema.exactOptional(),
    holder: z
      .string()
      .max(HOLDER_MAX_LENGTH)
      .meta(described("Who holds the address, for look-up: namespace/name/ifName of the pod; empty without a pod."))
      .default(""),
    containerID: z
      .string()
      .max(NAME_MAX_LENGTH)
      .meta(described("ID of the sandbox in the runtime (CNI_CONTAINERID); empty while nobody is attached."))
      .default(""),
    ifName: z.string().max(IFNAME_MAX_LENGTH).meta(described("Interface in the sandbox (CNI_IFNAME).")).default(""),
    sandbox: SandboxSchema.exactOptional(),
    addedAt: AddedAtSchema.exactOptional(),
    reserved: ReservedSchema.exactOptional(),
    releasedAt: z
      .string()
      .meta({
        ...described("When the address was given back, while it cools down or is retained for its holder."),
        format: "date-time",
      })
      .exactOptional(),
    keepSeconds: z
      .int()
      .min(1)
      .max(KEEP_MAX_SECONDS)
      .meta(
        described(
          "How long the address is kept, from the moment at which the controller first sees it given back for so long:" +
            " of a long time it writes down now and then what is left. Absent: as long as the pool says by then.",
        ),
      )
      .exactOptional(),
  })
  .meta(described("Who holds the address, and since which attachment.", ...LEASE_SPEC_RULES));

/** Schema of {@link IPLease}. */
export const IPLeaseSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("IPLease"),
    metadata: ObjectMetaSchema,
    spec: IPLeaseSpecSchema,
  })
  .meta(
    described(
      "IPLease is one IP address and its one holder. Its name is the address, so that no address can be leased twice.",
      LEASE_NAME_RULE,
    ),
  );

/** The content of a lease; "" stands for what is not known or does not apply. */
export type IPLeaseSpec = DeepReadonly<z.infer<typeof IPLeaseSpecSchema>>;

/** One IP address and its one holder; the name is {@link leaseName} of its address. */
export type IPLease = DeepReadonly<z.infer<typeof IPLeaseSchema>>;
