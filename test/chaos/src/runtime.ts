import { randomUUID } from "node:crypto";
import type { SimulatedNode } from "@cluster-ipam/test-integration";
import type { Dice } from "@cluster-ipam/test-model";
import type { Attachment } from "./attachment.ts";
import type { Doubts } from "./doubts.ts";
import { NETWORKS } from "./networks.ts";
import type { PluginEnd } from "./plugin-answer.ts";
import { callPlugin, type PluginCall } from "./plugin-process.ts";
import type { Sandboxes } from "./sandboxes.ts";

/** A node's container runtime, as far as the callers need it. */
export class Runtime {
  readonly doubts: Doubts;
  readonly #node: SimulatedNode;
  readonly #sandboxes: Sandboxes;

  constructor(node: SimulatedNode, { sandboxes, doubts }: { readonly sandboxes: Sandboxes; readonly doubts: Doubts }) {
    this.#node = node;
    this.doubts = doubts;
    this.#sandboxes = sandboxes;
  }

  /** Runs the plugin. @throws the reason of the run's end when that has come */
  async call(call: Omit<PluginCall, "socketPath">): Promise<PluginEnd> {
    const { signal } = this.#node.run;
    const ending = call.signal === undefined ? signal : AbortSignal.any([signal, call.signal]);
    const end = await callPlugin({ ...call, socketPath: this.#node.socketPath, signal: ending });
    signal.throwIfAborted();
    return end;
  }

  /** A sandbox of a pod that nobody has heard of, on one of the networks. */
  async createSandbox(dice: Dice): Promise<Attachment> {
    const network = dice.pick(NETWORKS).name;
    const netns = await this.#sandboxes.take();
    const uid = randomUUID();
    return {
      containerId: randomUUID().replaceAll("-", "").repeat(2),
      ifName: "net1",
      netns,
      node: this.#node.name,
      network,
      pod: { namespace: "default", name: `pod-${uid.slice(0, 8)}`, uid },
    };
  }

  /** The sandbox is gone when this resolves. */
  async end({ netns }: Attachment): Promise<void> {
    await this.#sandboxes.end(netns);
  }
}
