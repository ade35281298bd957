import { API_VERSION } from "@cluster-ipam/api";
import type { EventSubject } from "@cluster-ipam/kube";

/** A lease, as far as a sentence names it. */
export interface NamedLease {
  readonly name: string;
  readonly pool: string;
  /** `namespace/name/ifName`; "" without a pod. */
  readonly holder: string;
  /** "" while nobody is attached. */
  readonly node: string;
}

/** The pod of a holder, `namespace/name`; "" without one. */
export function podOf(holder: string): string {
  return holder.split("/").slice(0, 2).join("/");
}

/** Who has a lease: `pod default/web-0 on node n1`, `no pod`. */
export function whoHas({ holder, node }: Pick<NamedLease, "holder" | "node">): string {
  const pod = holder === "" ? "no pod" : `pod ${podOf(holder)}`;
  return node === "" ? pod : `${pod} on node ${node}`;
}

/** `lease 10.0.0.5 of pool lab`. */
export function leaseText({ name, pool }: Pick<NamedLease, "name" | "pool">): string {
  return pool === "" ? `lease ${name}` : `lease ${name} of pool ${pool}`;
}

/** `the default space`, `space blue`. */
export function spaceText(addressSpace: string): string {
  return addressSpace === "" ? "the default space" : `space ${addressSpace}`;
}

/** What an event of one of our objects is about. */
export function ownSubject(kind: "IPLease" | "IPBlock", name: string, uid: string): EventSubject {
  return { apiVersion: API_VERSION, kind, name, namespace: "", uid };
}
