import { METADATA_LIST } from "./api-node-pods.ts";
import { getObjectAt, listObjects } from "./api-read.ts";
import { PODS, podPath } from "./resource.ts";
import type { Api } from "./single-write.ts";

/** A pod as far as its networks tell who uses what. */
interface PodNetworks {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** "" without one. */
  readonly networkStatus: string;
}

const NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status";
/** More than any node runs: what the server has in memory it answers at once, and takes no page of it. */
const PAGE_SIZE = 10_000;
/** What has ended uses no address; what is in the node's own network namespace has none from us. */
const WITH_NETWORK = ["status.phase!=Succeeded", "status.phase!=Failed", "spec.hostNetwork=false"];
/** Whether the pod has a sandbox and its networks, as its kubelet says (KEP-3085); older ones do not say. */
const SANDBOX_CONDITION = "PodReadyToStartContainers";
const ENDED_PHASES: readonly string[] = ["Succeeded", "Failed"];

interface PodObject {
  readonly metadata?: Partial<Record<"namespace" | "name" | "uid" | "deletionTimestamp", string>> & {
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** What the pods of the API server show of their networks. */
export class ApiPodNetworks {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * The pods of a node that have neither ended nor are being deleted, but for those in the node's own network
   * namespace; perhaps as they were a moment ago, since the server answers from its memory, by its index of nodes.
   *
   * @throws IpamError `apiserver-unreachable` when `signal` ends it, `apiserver-refused` where the server says no
   */
  async ofNode(node: string, signal: AbortSignal): Promise<PodNetworks[]> {
    const fieldSelector = [`spec.nodeName=${node}`, ...WITH_NETWORK].join(",");
    const list = { accept: METADATA_LIST, pageSize: PAGE_SIZE, query: { fieldSelector, resourceVersion: "0" } };
    return await listObjects(this.#api, PODS, { ...list, pick: livingPodsOf }, signal);
  }

  /**
   * A pod as the server has it now; undefined where there is none of that name, it has ended, is being deleted, or its
   * kubelet says that it has no sandbox.
   *
   * @throws IpamError as {@link ofNode}
   */
  async running(namespace: string, name: string, signal: AbortSignal): Promise<PodNetworks | undefined> {
    const query = { resource: PODS, name, path: podPath(namespace, name) };
    const pod = (await getObjectAt(this.#api, query, signal)) as PodObject | undefined;
    return pod === undefined || isEnding(pod) || !hasSandbox(pod) ? undefined : networksOf(pod);
  }
}

function livingPodsOf({ items }: Readonly<Record<string, unknown>>): PodNetworks[] {
  if (!Array.isArray(items)) throw new TypeError("the API server's answer is not a list: it has no items");
  return (items as PodObject[]).filter((pod) => !isEnding(pod)).map(networksOf);
}

function isEnding({ metadata }: PodObject): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

function hasSandbox({ status: { phase = "", conditions = [] } = {} }: PodObject): boolean {
  if (ENDED_PHASES.includes(phase)) return false;
  return conditions.every(({ type, status }) => type !== SANDBOX_CONDITION || status === "True");
}

function networksOf({ metadata = {} }: PodObject): PodNetworks {
  const { namespace, name, uid, annotations } = metadata;
  if (namespace === undefined || name === undefined || uid === undefined) {
    throw new TypeError("the API server's answer has a pod without namespace, name or uid");
  }
  return { namespace, name, uid, networkStatus: annotations?.[NETWORK_STATUS] ?? "" };
}
