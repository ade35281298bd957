import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { removeLeases } from "./stored-objects.ts";

/** The cluster of a group of tests, its nodes by their names. Nothing of it is there before the first test. */
export type ClusterInUse<Name extends string> = Pick<SimulatedCluster, "run" | "controlPlane" | "nodes" | "node"> & {
  readonly [Node in Name]: SimulatedNode;
};

/** How the cluster is made ready. */
export interface UseOptions {
  /** Makes what the agents are to find, such as pools. */
  readonly prepare?: (cluster: SimulatedCluster) => Promise<void>;
}

/**
 * Starts a cluster of these nodes, with their agents, before the tests of the enclosing group, and closes it after them.
 * A test that leaves a lease fails.
 *
 * @example
 * const cluster = useCluster(["n1", "n2"]);
 * it("…", async () => resultOf(await callPlugin(cluster.n1.socketPath, call)));
 */
export function useCluster<Name extends string>(
  names: readonly Name[],
  { prepare }: UseOptions = {},
): ClusterInUse<Name> {
  let started: SimulatedCluster | undefined;
  beforeAll(async () => {
    started = await SimulatedCluster.start({ nodes: names });
    await prepare?.(started);
    await started.startAgents();
  });
  afterAll(() => started?.close());
  afterEach(async () => {
    if (started !== undefined) expect(await removeLeases(started.controlPlane)).toEqual([]);
  });
  return inUse(names, () => {
    if (started === undefined) throw new Error("the cluster is there for tests and hooks alone");
    return started;
  });
}

function inUse<Name extends string>(names: readonly Name[], cluster: () => SimulatedCluster): ClusterInUse<Name> {
  const parts = {
    get run() {
      return cluster().run;
    },
    get controlPlane() {
      return cluster().controlPlane;
    },
    get nodes() {
      return cluster().nodes;
    },
    node: (name: string) => cluster().node(name),
  };
  for (const name of names) Object.defineProperty(parts, name, { get: () => cluster().node(name) });
  return parts as ClusterInUse<Name>;
}
