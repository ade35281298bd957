import { asNodeObject, type NodeState, nodeStateOf } from "@cluster-ipam/api";
import type { ChangeFeed } from "./change-feed.ts";
import type { NodePlan, NodeSign } from "./plan.ts";
import { admits, labelsOf, type Zone, type ZoneSelector } from "./zone-selector.ts";

const TAINT = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" } as const;

/** The Node objects: what they say, which need not be what their machines do. */
export class SimulatedNodeObjects {
  readonly #feed: ChangeFeed;
  readonly #podCidrs: ReadonlyMap<string, readonly string[]>;
  readonly #objects = new Map<string, { readonly metadata: { readonly uid: string }; readonly sign: NodeSign }>();
  readonly #zones = new Map<string, Zone>();
  readonly #readers = new Set<(name: string) => void>();
  #version = 0;

  constructor(feed: ChangeFeed, nodes: readonly NodePlan[]) {
    this.#feed = feed;
    this.#podCidrs = new Map(nodes.map(({ name, podCidrs }) => [name, podCidrs]));
    for (const { name } of nodes) this.set(name, "ready");
  }

  /** The object says that from now on, and is made where there is none; `absent`: it is deleted. */
  set(name: string, sign: NodeSign): void {
    if (sign === "absent") {
      this.#objects.delete(name);
      return this.#feed.remove(name);
    }
    this.#version += 1;
    const uid = this.#objects.get(name)?.metadata.uid ?? `node-${this.#version}`;
    const isReady = sign === "ready" || sign === "tainted";
    const isTainted = sign === "tainted" || sign === "out-of-service";
    const object = {
      metadata: { name, uid, resourceVersion: String(this.#version), labels: labelsOf(this.#zones.get(name)) },
      spec: { podCIDRs: this.#podCidrs.get(name) ?? [], taints: isTainted ? [TAINT] : [] },
      status: { conditions: [{ type: "Ready", status: isReady ? "True" : "Unknown" }] },
    };
    this.#objects.set(name, { ...object, sign });
    this.#feed.put(object);
  }

  /** The node is in that zone from now on, by the label of its object, also of one that is made later. */
  label(name: string, zone: Zone): void {
    this.#zones.set(name, zone);
    const sign = this.#objects.get(name)?.sign;
    if (sign !== undefined) this.set(name, sign);
  }

  /** Tells `reader` of each time that somebody asks for a node. */
  onRead(reader: (name: string) => void): void {
    this.#readers.add(reader);
  }

  /** What the node says of itself; undefined where there is no such object. */
  read(name: string): NodeState | undefined {
    for (const reader of this.#readers) reader(name);
    const object = this.#objects.get(name);
    return object === undefined ? undefined : nodeStateOf(asNodeObject(object));
  }

  /** The networks of the pods of all nodes that the selector admits. */
  podCidrs(selector: ZoneSelector | undefined): readonly string[] {
    const names = [...this.#objects.keys()];
    const admitted = names.filter((name) => selector === undefined || admits(selector, this.#zones.get(name)));
    return admitted.flatMap((name) => this.#podCidrs.get(name) ?? []);
  }
}
