import { afterAll, beforeEach, expect, it } from "vitest";
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

/**
 * Starts the cluster in the first test and removes it after the last one. Whoever interrupts the run ends every wait, so
 * that the removal has its time.
 */
export function useCluster(): Suite {
  let cluster: Cluster | undefined;
  const ending = new AbortController();
  const started = (): Cluster => {
    if (cluster === undefined) throw new Error("the cluster did not start, or its chart could not be installed");
    return cluster;
  };
  beforeEach(({ signal }) => {
    signal.addEventListener("abort", () => ending.abort(signal.reason), { once: true });
  });
  it("helm installs the chart on nodes that have no network yet", { timeout: START_TIMEOUT_MS }, async () => {
    const onProgress = (text: string): void => void process.stdout.write(`cluster: ${text}\n`);
    cluster = await Cluster.start({ signal: ending.signal, onProgress });
    await expect(new Installation(cluster).install()).resolves.toBeUndefined();
  });
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
