import { API_PATH, API_VERSION, BLOCK_RESOURCE, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";
import { expect } from "vitest";
import { type ApiAnswer, ApiClient, type ApiRequest } from "../src/api-client.ts";
import { ControlPlane } from "../src/control-plane.ts";
import { requestAgentToken, requestToken } from "../src/guarded-agents.ts";
import { Run } from "../src/run.ts";
import { requireTools } from "../src/tools.ts";

/** Where leases, blocks and pools are. */
export const PATHS = {
  leases: `${API_PATH}/${LEASE_RESOURCE}`,
  blocks: `${API_PATH}/${BLOCK_RESOURCE}`,
  pools: `${API_PATH}/${POOL_RESOURCE}`,
} as const;

/** A pool as agents make it of inline ranges. */
export const INLINE_POOL = {
  apiVersion: API_VERSION,
  kind: "IPPool",
  metadata: { name: "lab-0123456789", labels: { "cluster-ipam.io/inline": "true" } },
  spec: { ranges: [{ subnet: "10.9.0.0/24" }] },
} as const;

/** An API server with the chart's account, rights and policies, and those who write to it. */
export class GuardedServer {
  readonly run: Run;
  readonly controlPlane: ControlPlane;
  /** With the token of an agent's pod on n1. */
  readonly agent: ApiClient;
  /** With a token of the same account that names no node. */
  readonly nameless: ApiClient;

  private constructor(run: Run, controlPlane: ControlPlane, [agent, nameless]: readonly [ApiClient, ApiClient]) {
    this.run = run;
    this.controlPlane = controlPlane;
    this.agent = agent;
    this.nameless = nameless;
  }

  /** Starts it, without a lease, a block or a pool. */
  static async start(): Promise<GuardedServer> {
    await requireTools(["etcd", "kube-apiserver", "kubectl", "helm"]);
    const run = await Run.open();
    const controlPlane = await ControlPlane.start(run, { isGuarded: true });
    const { api } = controlPlane;
    const tokens = [await requestAgentToken(api, "n1"), await requestToken(api)] as const;
    const [agent, nameless] = tokens.map((token) => new ApiClient({ ...api.access, token }));
    if (agent === undefined || nameless === undefined) throw new Error("two tokens make two clients");
    return new GuardedServer(run, controlPlane, [agent, nameless]);
  }

  /** Makes an object as an administrator. */
  async make<T>(path: string, object: T & object): Promise<T> {
    return (await this.controlPlane.api.ensure(path, JSON.stringify(object))) as T;
  }

  /** Removes every lease, block and pool, also where a finalizer would hold it back. */
  async clear(): Promise<void> {
    const { api } = this.controlPlane;
    for (const path of Object.values(PATHS)) {
      await api.send({ method: "DELETE", path });
      const { items } = (await api.get(path)) as { readonly items: readonly { metadata: { name: string } }[] };
      const patch = { body: '{"metadata":{"finalizers":null}}', contentType: "application/merge-patch+json" };
      for (const { metadata } of items) await api.send({ method: "PATCH", path: `${path}/${metadata.name}`, ...patch });
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.agent.disconnect();
    this.nameless.disconnect();
    await this.run.close();
  }
}

/** Sends one request, with `body` as JSON. */
export function send(client: ApiClient, method: ApiRequest["method"], path: string, body?: object): Promise<ApiAnswer> {
  return client.send({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** Expects success, or a refusal that says `refusal`. */
export function expectAnswer({ status, text }: ApiAnswer, refusal?: string): void {
  const { message = "" } = JSON.parse(text) as { readonly message?: string };
  if (refusal === undefined) expect({ isDone: status < 300, message }).toEqual({ isDone: true, message: "" });
  else expect({ isClientsFault: status === 403 || status === 422, message }).toMatchObject({ isClientsFault: true });
  expect(message).toContain(refusal ?? "");
}
