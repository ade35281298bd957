import { addressText, type HostNumber, type NetworkPlan, type PoolPlan } from "./small-network.ts";
import type { ZonedKind } from "./zone-history.ts";
import type { Zone } from "./zone-selector.ts";

/** A machine: its clock runs fast or slow, and began at some moment of its own. */
export interface NodePlan {
  readonly name: string;
  readonly clockRate: number;
  readonly clockOriginMs: number;
  /** How far the time of day is off that the node tells people. */
  readonly dayOffsetMs: number;
  /** Networks of its pods. */
  readonly podCidrs: readonly string[];
  /** Whether its agent takes ranges of ipam sections. */
  readonly inlinePools: "allow" | "deny";
}

/** Namespaces of pods; as a rule all are in the first. */
export const NAMESPACES = ["shop", "bank"] as const;

/** A pod: it stays on its node, and has one sandbox after the other. */
export interface PodPlan {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** Whether the agent can see the network namespaces of its sandboxes. */
  readonly isVisible: boolean;
  /** Whether a StatefulSet made it: it comes again under its name. */
  readonly isStateful?: boolean;
  /** Undefined: the first one. */
  readonly namespace?: (typeof NAMESPACES)[number];
}

/** What a Node object says of its node: `tainted` is Ready all the same, `out-of-service` is not; `absent`: there is none. */
export type NodeSign = "ready" | "not-ready" | "tainted" | "out-of-service" | "absent";

/** What the watches of controllers go through, until everything works again. */
export interface WatchWeather {
  /** How far they are behind: that of nodes, and the others. */
  readonly nodesLagMs: number;
  readonly lagMs: number;
  /** Share of the watches that end early; that of nodes does not. */
  readonly cutShare: number;
}

/** The controllers: their clocks run fast or slow, and show whatever time of day. */
export interface ControllerPlan {
  readonly clockRate: number;
  readonly clockOriginMs: number;
  readonly dayOffsetMs: number;
  readonly weather: WatchWeather;
  /** How long a pool of inline ranges must have had no lease before it goes. */
  readonly inlinePoolIdleMs: number;
}

/** Which interface of which sandbox of which pod. */
export interface AttachmentPlan {
  readonly pod: PodPlan;
  /** 1 for the pod's first sandbox; a later one exists because all earlier ones are dead. */
  readonly sandbox: number;
  readonly network: string;
  readonly ifName: string;
  /** The IPv4 address that the pod asks for on this interface. */
  readonly fixed: HostNumber | undefined;
}

/** When a machine that was off comes back. */
export interface Return {
  /** How often somebody must have asked for its Node since the sign. */
  readonly reads: number;
  /** From then on. */
  readonly afterMs: number;
}

/** What somebody does. */
export type Act =
  | {
      readonly kind: "add";
      readonly attachment: AttachmentPlan;
      /** From the start of the plugin until it connects to the agent. */
      readonly deliveryMs: number;
      /** The runtime kills the plugin after so long; undefined: it waits. */
      readonly hangUpMs: number | undefined;
    }
  | {
      readonly kind: "del";
      readonly attachment: AttachmentPlan;
      readonly deliveryMs: number;
      /** The ipam section holds `type` alone, as some callers send it. */
      readonly isStripped: boolean;
    }
  | { readonly kind: "check"; readonly attachment: AttachmentPlan }
  | { readonly kind: "gc"; readonly node: string; readonly network: string; readonly deliveryMs: number }
  | { readonly kind: "end-sandbox"; readonly pod: PodPlan; readonly sandbox: number; readonly isGone: boolean }
  | { readonly kind: "kill"; readonly node: string; readonly downMs: number }
  | { readonly kind: "reboot"; readonly node: string; readonly downMs: number }
  | { readonly kind: "put-pool"; readonly pool: PoolPlan }
  | { readonly kind: "delete-pool"; readonly name: string }
  | {
      readonly kind: "reserve";
      readonly number: HostNumber;
      /** The one pod that may have the address; undefined: nobody. */
      readonly podName: string | undefined;
    }
  | { readonly kind: "end-reservation"; readonly number: HostNumber }
  | { readonly kind: "reconcile"; readonly node: string }
  | { readonly kind: "delete-lease"; readonly number: HostNumber }
  | { readonly kind: "rob"; readonly attachment: AttachmentPlan }
  | { readonly kind: "label"; readonly of: ZonedKind; readonly name: string; readonly zone: Zone }
  | { readonly kind: "delete-block"; readonly node: string }
  | { readonly kind: "restart-controller"; readonly downMs: number }
  /** Another controller leads; who led learns of it after a while. */
  | { readonly kind: "depose-controller"; readonly knowsMs: number }
  | {
      /** A machine goes off; who runs the cluster says so after a while, the pods' objects go, and it may come back. */
      readonly kind: "lose-node";
      readonly node: string;
      readonly sign: Extract<NodeSign, "absent" | "out-of-service">;
      readonly signMs: number;
      /** From the sign on. */
      readonly evictMs: number;
      /** Undefined: it never does. */
      readonly back: Return | undefined;
    }
  | {
      /** A node runs on, whatever its object says: one sign after the other, and in the end that it is ready. */
      readonly kind: "doubt-node";
      readonly node: string;
      readonly signs: readonly { readonly sign: NodeSign; readonly forMs: number }[];
      /** When the objects of its pods go; undefined: they stay. */
      readonly evictMs: number | undefined;
    }
  | { readonly kind: "outage"; readonly durationMs: number };

/** One act and when it happens; they do not depend on each other, so that a story can do without any of them. */
export interface Operation {
  readonly atMs: number;
  readonly act: Act;
}

/** Everything that one run does, but for what chance decides about its requests. */
export interface Plan {
  readonly seed: number;
  readonly nodes: readonly NodePlan[];
  readonly networks: readonly NetworkPlan[];
  /** Undefined: nothing is kept, and nobody ends that. */
  readonly controller: ControllerPlan | undefined;
  /** Share of requests to the API server that something happens to. */
  readonly faultShare: number;
  readonly operations: readonly Operation[];
}

/** The pod's namespace. */
export function namespaceOf({ namespace }: PodPlan): string {
  return namespace ?? NAMESPACES[0];
}

/** ID of the sandbox's container. */
export function containerIdOf({ pod, sandbox }: Pick<AttachmentPlan, "pod" | "sandbox">): string {
  return `${pod.uid}-${sandbox}`;
}

/** The address that the attachment asks for, in words. */
export function fixedText({ fixed }: Pick<AttachmentPlan, "fixed">): string | undefined {
  return fixed === undefined ? undefined : addressText(4, fixed);
}

/** Path of the sandbox's network namespace. */
export function netnsOf(of: Pick<AttachmentPlan, "pod" | "sandbox">): string {
  return `/run/netns/${containerIdOf(of)}`;
}
