import { POD_IMAGE } from "./images.ts";
import { type Attachment, attachmentsOf } from "./multus.ts";

/** What a workload's pods are like. */
export interface WorkloadOptions {
  readonly name: string;
  /** The network that its pods are in; the nodes' own when absent. */
  readonly network?: string | undefined;
  readonly replicas: number;
  /** Whether no node may have two more of its pods than another; false when absent. */
  readonly isSpread?: boolean | undefined;
  /** The nodes that its pods may be on; any when absent. */
  readonly nodes?: readonly string[] | undefined;
  /** Second interfaces, which only Multus gives; none when absent. */
  readonly attachments?: readonly Attachment[] | undefined;
}

/** A pod that nobody makes anew. */
export function pod(options: Omit<WorkloadOptions, "replicas">): object {
  const { name } = options;
  return { apiVersion: "v1", kind: "Pod", metadata: { name, ...podMetadata(options) }, spec: podSpec(options) };
}

/** A Deployment. */
export function deployment(options: WorkloadOptions): object {
  return { apiVersion: "apps/v1", kind: "Deployment", ...workload(options, {}) };
}

/** A StatefulSet that starts all its pods at once. */
export function statefulSet(options: WorkloadOptions): object {
  const more = { serviceName: options.name, podManagementPolicy: "Parallel" };
  return { apiVersion: "apps/v1", kind: "StatefulSet", ...workload(options, more) };
}

/** An IPPool. */
export function pool(name: string, spec: object): object {
  return { apiVersion: "cluster-ipam.io/v1alpha1", kind: "IPPool", metadata: { name }, spec };
}

function workload(options: WorkloadOptions, more: object): object {
  const { name, replicas } = options;
  const metadata = podMetadata(options);
  const selector = { matchLabels: metadata.labels };
  const template = { metadata, spec: podSpec(options) };
  return { metadata: { name, labels: metadata.labels }, spec: { replicas, selector, template, ...more } };
}

function podMetadata({ name, attachments = [] }: Pick<WorkloadOptions, "name" | "attachments">) {
  return { labels: { app: name }, annotations: attachmentsOf(attachments) };
}

function podSpec({ name, network, isSpread = false, nodes }: Omit<WorkloadOptions, "replicas">): object {
  const resources = { requests: { cpu: "1m", memory: "1Mi" } };
  return {
    ...(network === undefined ? {} : { runtimeClassName: network }),
    terminationGracePeriodSeconds: 5,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(isSpread ? { topologySpreadConstraints: [evenly(name)] } : {}),
    ...(nodes === undefined ? {} : { affinity: { nodeAffinity: among(nodes) } }),
    containers: [{ name: "main", image: POD_IMAGE, imagePullPolicy: "Never", resources }],
  };
}

function evenly(app: string): object {
  const labelSelector = { matchLabels: { app } };
  return { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule", labelSelector };
}

function among(nodes: readonly string[]): object {
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values: nodes }];
  return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } };
}
