import type { IPLease, IPLeaseSpec } from "@cluster-ipam/api";
import { attachedLease } from "./attached-lease.ts";

const POD = { namespace: "shop", name: "web-0", uid: "u0" } as const;
const RELEASED = {
  network: "lan",
  node: "",
  containerID: "",
  ifName: "net1",
  pod: POD,
  holder: "shop/web-0/net1",
  pool: "lab",
  releasedAt: "2026-01-02T03:04:05Z",
  keepSeconds: 60,
} as const;

/** A lease that nobody has and that is kept for net1 of pod shop/web-0, but for what `spec` says. */
export function releasedLease(address: string, spec: Partial<IPLeaseSpec> = {}): IPLease {
  return attachedLease(address, { ...RELEASED, ...spec });
}

/** A lease that cools down and was nobody's: of a container without a pod. */
export function coolingLease(address: string, spec: Partial<IPLeaseSpec> = {}): IPLease {
  return withoutPod(releasedLease(address, { holder: "", ...spec }));
}

/** A reservation as a hand makes it: for pod shop/web-0, or for nobody where `forPod` is null. */
export function reservation(
  address: string,
  forPod: NonNullable<IPLeaseSpec["reserved"]>["for"] | null = { namespace: POD.namespace, name: POD.name },
  spec: Partial<IPLeaseSpec> = {},
): IPLease {
  const reserved = { reason: "printer", ...(forPod === null || forPod === undefined ? {} : { for: forPod }) };
  const nobody = { network: "", node: "", containerID: "", ifName: "", holder: "", pool: "" };
  return withoutPod(attachedLease(address, { ...nobody, reserved, ...spec }));
}

function withoutPod(lease: IPLease): IPLease {
  const { pod: _, ...spec } = lease.spec;
  return { ...lease, spec };
}
