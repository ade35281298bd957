import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CNI_PATH, formatCniArgs, type Pod, pluginEnvironment, SEARCH_PATH } from "./cni-call.ts";
import { NetworkNamespace } from "./namespaces.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { toolPath } from "./tools.ts";

/** A network configuration, or a list of them (with `plugins`): what a NetworkAttachmentDefinition holds. */
export type NetworkConfig = Readonly<Record<string, unknown>> & { readonly name: string };

/** What a runtime tells with one call. */
export interface AttachOptions {
  /** net1 when absent. */
  readonly ifName?: string | undefined;
  /** More of CNI_ARGS, such as IP. */
  readonly args?: Readonly<Record<string, string>> | undefined;
  /** Becomes runtimeConfig for the capabilities that the configuration declares, such as ips or mac. */
  readonly capabilityArgs?: Readonly<Record<string, unknown>> | undefined;
}

/** What these tests read of a CNI result. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly { readonly name: string; readonly mac?: string; readonly sandbox?: string }[];
  readonly ips?: readonly { readonly address: string; readonly gateway?: string }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
  readonly dns?: Readonly<Record<string, unknown>>;
}

/** Longer than an ADD may take at worst. */
const CALL_TIMEOUT_MS = 60_000;

let sandboxCount = 0;

/**
 * A pod as its node's runtime sees it: a network namespace that real CNI plugins put interfaces into, called by
 * cnitool. Nothing detaches it by itself: {@link delete} is the death of a sandbox without DEL.
 *
 * @example
 * const sandbox = await PodSandbox.create(node, { namespace: "default", name: "web-0" });
 * const result = await sandbox.attach(nad);
 * await sandbox.detach(nad);
 */
export class PodSandbox {
  readonly pod: Pod;
  readonly node: SimulatedNode;
  readonly namespace: NetworkNamespace;

  private constructor(node: SimulatedNode, pod: Pod, namespace: NetworkNamespace) {
    this.node = node;
    this.pod = pod;
    this.namespace = namespace;
  }

  /** Makes a sandbox; with a uid, of the pod that already has it: a second sandbox of one pod. */
  static async create(
    node: SimulatedNode,
    pod: Pick<Pod, "namespace" | "name"> & Partial<Pick<Pod, "uid">>,
  ): Promise<PodSandbox> {
    const namespace = await NetworkNamespace.create(node.run, `pod${sandboxCount++}`);
    return new PodSandbox(node, { uid: randomUUID(), ...pod }, namespace);
  }

  /** The container ID, which cnitool makes from the path of the namespace. */
  get containerId(): string {
    return `cnitool-${createHash("sha512").update(this.namespace.path).digest("hex").slice(0, 20)}`;
  }

  /** ADD. @throws Error that holds the plugin's words when it fails. */
  async attach(config: NetworkConfig, options: AttachOptions = {}): Promise<CniResult> {
    return JSON.parse(await this.#cnitool("add", config, options)) as CniResult;
  }

  /** CHECK. @throws Error that holds the plugin's words when it fails. */
  async check(config: NetworkConfig, options: AttachOptions = {}): Promise<void> {
    await this.#cnitool("check", config, options);
  }

  /** DEL. @throws Error that holds the plugin's words when it fails. */
  async detach(config: NetworkConfig, options: AttachOptions = {}): Promise<void> {
    await this.#cnitool("del", config, options);
  }

  /** Removes the namespace and the interfaces in it, and tells nobody. */
  async delete(): Promise<void> {
    await this.namespace.delete();
  }

  async #cnitool(verb: "add" | "check" | "del", config: NetworkConfig, options: AttachOptions): Promise<string> {
    const argv = [toolPath("cnitool"), verb, config.name, this.namespace.path];
    const args = formatCniArgs(this.pod, options.args);
    const env = {
      PATH: SEARCH_PATH,
      CNI_PATH,
      NETCONFPATH: await this.#writeConfig(config),
      CNI_IFNAME: options.ifName ?? "net1",
      ...pluginEnvironment(this.node.socketPath),
      ...(args === undefined ? {} : { CNI_ARGS: args }),
      ...(options.capabilityArgs === undefined ? {} : { CAP_ARGS: JSON.stringify(options.capabilityArgs) }),
    };
    const result = await this.node.execAsRuntime(argv, { env, timeoutMs: CALL_TIMEOUT_MS });
    if (result.exitCode !== 0) throw new Error(`cnitool ${verb} ${config.name}: ${withoutUsage(result.stderr)}`);
    return result.stdout;
  }

  /** cnitool finds a network by its name in a folder: each network of a run gets a folder for each wording. */
  async #writeConfig(config: NetworkConfig): Promise<string> {
    const text = JSON.stringify(config);
    const folder = join(this.node.run.folder, "networks", createHash("sha256").update(text).digest("hex").slice(0, 16));
    await mkdir(folder, { recursive: true });
    const path = join(folder, "plugins" in config ? "10-network.conflist" : "10-network.conf");
    // Calls side by side write the same text: none may read a file that another has just begun.
    const draft = `${path}.${randomUUID()}`;
    await writeFile(draft, text);
    await rename(draft, path);
    return folder;
  }
}

/** cnitool says how it is used whenever a plugin fails. */
function withoutUsage(stderr: string): string {
  return /^Error: (.*?)\nUsage:/s.exec(stderr)?.[1] ?? stderr;
}

/** The addresses of a result, without their prefix lengths. */
export function addressesOf(result: CniResult): readonly string[] {
  return (result.ips ?? []).map(({ address }) => address.split("/", 1)[0] ?? address);
}
