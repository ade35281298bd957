/** What the tests read of a Pod. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface ContainerStatus {
  readonly restartCount: number;
  readonly lastState: { readonly terminated?: { readonly reason: string } };
}

/** What the tests read of an IPLease. */
export interface Lease {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly address: string;
    readonly pool?: string;
    readonly network: string;
    readonly node?: string;
    readonly ifName?: string;
    readonly pod?: { readonly namespace: string; readonly name: string; readonly uid?: string };
  };
}

/** What the tests read of an event. */
export interface ClusterEvent {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
}

/** A list as the API server answers it. */
export interface ObjectList<T> {
  readonly items: readonly T[];
}

/** Whether a pod runs and is ready, and nobody wants it gone. */
export function isRunning({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined || status.podIP === undefined) return false;
  return status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
}

/** A pod's addresses, its first family first. */
export function addressesOf({ status }: Pod): readonly string[] {
  return (status.podIPs ?? []).map(({ ip }) => ip);
}
