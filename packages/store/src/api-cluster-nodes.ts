import { asNodeObject, type NodeState, nodeStateOf } from "@cluster-ipam/api";
import { getObject } from "./api-read.ts";
import { NODES } from "./resource.ts";
import type { Api } from "./single-write.ts";

/** What nodes tell of themselves to the API server. */
export class ApiClusterNodes {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * The node as the server has it now; undefined when there is none of that name.
   *
   * @throws IpamError `apiserver-unreachable` when `signal` ends it, `apiserver-refused` where the server says no;
   * TypeError where the answer is no Node
   */
  async read(name: string, signal: AbortSignal): Promise<NodeState | undefined> {
    const object = await getObject(this.#api, NODES, name, signal);
    return object === undefined ? undefined : nodeStateOf(asNodeObject(object));
  }
}
