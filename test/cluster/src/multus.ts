import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import type { ClusterNode } from "./node-container.ts";
import type { Pod } from "./objects.ts";

const GROUP = "k8s.cni.cncf.io";
const REQUEST = "k8s.v1.cni.cncf.io/networks";
const STATUS = "k8s.v1.cni.cncf.io/network-status";

/** A node's configurations in the order of their names: Multus's is the first. */
const CONFIGURATION = "/etc/cni/net.d/00-multus.conf";
const KUBECONFIG = "/etc/cni/net.d/multus.d/multus.kubeconfig";
const BINARY = "/opt/cni/bin/multus";

/** A second interface that a pod asks for by its annotation: "NetworkSelectionElement" of the multi-network standard. */
export interface Attachment {
  /** The NetworkAttachmentDefinition, in the pod's namespace. */
  readonly name: string;
  /** Addresses with or without a prefix length. */
  readonly ips?: readonly string[];
  /** The interface's hardware address. */
  readonly mac?: string;
}

/** The annotation of a pod that asks for these; without any the pod has none. */
export function attachmentsOf(attachments: readonly Attachment[]): Readonly<Record<string, string>> {
  return attachments.length === 0 ? {} : { [REQUEST]: JSON.stringify(attachments) };
}

/** The addresses of a pod's interface, as Multus says them in the pod's annotation. */
export function addressesOn({ metadata }: Pod, ifName: string): readonly string[] {
  const status = JSON.parse(metadata.annotations?.[STATUS] ?? "[]") as readonly {
    readonly interface: string;
    readonly ips?: readonly string[];
  }[];
  return status.find((attached) => attached.interface === ifName)?.ips ?? [];
}

/** A NetworkAttachmentDefinition ("NAD"). */
export function networkAttachment(name: string, config: object): object {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "NetworkAttachmentDefinition",
    metadata: { name },
    spec: { config: JSON.stringify({ cniVersion: "0.3.1", ...config }) },
  };
}

/** Multus in its thin form on every node, in front of the nodes' own network. */
export class Multus implements AsyncDisposable {
  readonly #nodes: readonly ClusterNode[];

  private constructor(nodes: readonly ClusterNode[]) {
    this.#nodes = nodes;
  }

  /** @param binary path of the program on this machine. @throws Error when it is not there. */
  static async install({ kubectl, controlPlane, nodes }: Cluster, binary: string): Promise<Multus> {
    await access(binary);
    await kubectl.apply(definition());
    await kubectl.run("wait", "--for=condition=Established", `crd/network-attachment-definitions.${GROUP}`);
    const multus = new Multus(nodes);
    await multus.#onEachNode(async (node) => {
      await node.exec("mkdir", "-p", join(KUBECONFIG, ".."));
      await node.copyIn(controlPlane.kubeconfigPath, KUBECONFIG);
      await node.copyIn(binary, BINARY);
      // Last: containerd takes it up at once.
      await node.exec("sh", "-c", `printf '%s' '${JSON.stringify(configuration())}' >${CONFIGURATION}`);
    });
    return multus;
  }

  /** Gives the nodes their own network back. No pod with a second interface may be left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#onEachNode((node) => node.exec("rm", CONFIGURATION));
  }

  async #onEachNode(act: (node: ClusterNode) => Promise<unknown>): Promise<void> {
    await Promise.all(this.#nodes.map(act));
  }
}

function configuration(): object {
  return {
    cniVersion: "0.3.1",
    name: "multus",
    type: "multus",
    kubeconfig: KUBECONFIG,
    binDir: "/opt/cni/bin",
    clusterNetwork: "/etc/cni/net.d/10-node.conflist",
  };
}

/** The resource that Multus reads; the schema of a real installation says more. */
function definition(): object {
  const plural = "network-attachment-definitions";
  const names = { plural, singular: "network-attachment-definition", kind: "NetworkAttachmentDefinition" };
  const spec = { type: "object", properties: { config: { type: "string" } } };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names,
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}
