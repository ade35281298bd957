import { API_PATH, BLOCK_RESOURCE, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";
import type { KubeAnswer, KubeClient, KubeRequest, StreamEnding, StreamRequest } from "@cluster-ipam/kube";
import type { ApiConnection } from "./api-connection.ts";
import type { Dice } from "./chance.ts";
import type { ChangeFeed, WireObject } from "./change-feed.ts";
import type { WatchWeather } from "./plan.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import { SimulatedWatch } from "./simulated-watch.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

/** What the client of one controller process works with. */
export interface ControllerClientParts {
  readonly actor: Actor;
  readonly time: VirtualTime;
  readonly server: SimulatedApiServer;
  readonly connection: ApiConnection;
  readonly dice: Dice;
  /** As it is now. */
  readonly weather: () => WatchWeather;
  /** The process has been told of these objects, now. */
  readonly told: (objects: readonly WireObject[]) => void;
}

const NEVER = new AbortController().signal;

/** Lists and watches of one controller process. */
export class ControllerClient implements Pick<KubeClient, "request" | "stream"> {
  readonly #parts: ControllerClientParts;

  constructor(parts: ControllerClientParts) {
    this.#parts = parts;
  }

  async request({ path, query, signal = NEVER }: KubeRequest): Promise<KubeAnswer> {
    const { connection, told } = this.#parts;
    const limit = Number(query?.["limit"]);
    try {
      const listed = await connection.read(`list ${path}`, signal, () =>
        Promise.resolve(this.#feedOf(path).list(limit)),
      );
      told(listed.items);
      return { kind: "answered", status: 200, body: listed.body };
    } catch (error) {
      return failed(error);
    }
  }

  async stream(request: StreamRequest): Promise<StreamEnding> {
    const { path, signal = NEVER } = request;
    const { connection, weather, told } = this.#parts;
    try {
      await connection.read(`watch ${path}`, signal, () => Promise.resolve());
    } catch (error) {
      return failed(error);
    }
    request.onOpen?.();
    const isOfNodes = path.endsWith("/nodes");
    const watch = new SimulatedWatch(request, {
      ...this.#parts,
      feed: this.#feedOf(path),
      lagMs: () => (isOfNodes ? weather().nodesLagMs : weather().lagMs),
      // A node that comes and goes meanwhile is seen by nobody: see NodeAbsence.
      cutShare: isOfNodes ? 0 : weather().cutShare,
      told: (object) => told([object]),
    });
    return watch.ending;
  }

  #feedOf(path: string): ChangeFeed {
    const { leases, pools, blocks, nodes } = this.#parts.server.feeds;
    if (path === `${API_PATH}/${LEASE_RESOURCE}`) return leases;
    if (path === `${API_PATH}/${POOL_RESOURCE}`) return pools;
    return path === `${API_PATH}/${BLOCK_RESOURCE}` ? blocks : nodes;
  }
}

function failed(error: unknown): { readonly kind: "failed"; readonly cause: Error; readonly isSent: true } {
  return { kind: "failed", cause: error instanceof Error ? error : new Error(String(error)), isSent: true };
}
