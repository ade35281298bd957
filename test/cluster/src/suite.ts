import { afterAll, beforeAll, expect } from "vitest";
import { Cluster } from "./cluster.ts";
import { leftOf } from "./engine.ts";
import { Installation } from "./installation.ts";
import { TestNamespace } from "./test-namespace.ts";

const START_TIMEOUT_MS = 600_000;
const END_TIMEOUT_MS = 120_000;

/** The cluster of all scenarios, with the chart installed. Nothing of it is there before the first test. */
export interface Suite {
  readonly cluster: Cluster;
  readonly installation: Installation;
  /** A namespace of its own for each scenario. */
  readonly namespace: (name: string) => Promise<TestNamespace>;
}

/** Starts the cluster before the first scenario and removes it after the last one. */
export function useCluster(): Suite {
  let cluster: Cluster | undefined;
  const started = (): Cluster => {
    if (cluster === undefined) throw new Error("the cluster is there for tests and hooks alone");
    return cluster;
  };
  beforeAll(async () => {
    cluster = await Cluster.start({ onProgress: (text) => process.stdout.write(`cluster: ${text}\n`) });
    await new Installation(cluster).install();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    if (cluster === undefined) return;
    await cluster.close();
    expect(await leftOf(cluster.run.id)).toEqual([]);
  }, END_TIMEOUT_MS);
  return {
    get cluster() {
      return started();
    },
    get installation() {
      return new Installation(started());
    },
    namespace: (name) => TestNamespace.create(started(), name),
  };
}
