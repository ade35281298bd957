import { waitFor } from "@cluster-ipam/test-integration";
import type { Cluster } from "./cluster.ts";
import { type ClusterEvent, isRunning, type Lease, type ObjectList, type Pod } from "./objects.ts";

const LEASES = "/apis/cluster-ipam.io/v1alpha1/ipleases";

/** Long enough for two failed sandboxes, each of which kubelet tries again after some ten seconds. */
const WAIT_MS = 120_000;
const LOOK_MS = 500;

/** The namespace of one scenario, with what it asks of the cluster. */
export class TestNamespace {
  readonly name: string;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster;
    this.name = name;
  }

  /** Makes the namespace. */
  static async create(cluster: Cluster, name: string): Promise<TestNamespace> {
    await cluster.kubectl.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return new TestNamespace(cluster, name);
  }

  /** `kubectl apply` in this namespace. Cluster-wide objects, such as pools, may be among them. */
  async apply(...objects: readonly object[]): Promise<void> {
    await this.#cluster.kubectl.apply(...objects.map((object) => this.#inNamespace(object)));
  }

  /** Runs kubectl in this namespace. @returns what it printed. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return await this.#cluster.kubectl.run("--namespace", this.name, ...args);
  }

  /** Every pod of a workload, or of the namespace. */
  async pods(app?: string): Promise<readonly Pod[]> {
    const selector = app === undefined ? "" : `?labelSelector=app%3D${app}`;
    const { items } = await this.#list<Pod>(`/api/v1/namespaces/${this.name}/pods${selector}`);
    return items;
  }

  /** Waits until exactly so many pods of a workload run, and no other of it is left. @returns them, by name. */
  async running(app: string, count: number, timeoutMs: number = WAIT_MS): Promise<readonly Pod[]> {
    const what = `${count} pods of ${this.name}/${app}`;
    const areThere = async (): Promise<readonly Pod[] | undefined> => {
      const pods = await this.pods(app);
      return pods.length === count && pods.every(isRunning) ? pods : undefined;
    };
    const pods = await this.#wait(areThere, what, timeoutMs).catch(async (cause: unknown) => {
      throw new Error(`${what}: ${await this.#state(app)}`, { cause });
    });
    return pods.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  /** Changes a workload's number of replicas. */
  async scale(kind: "deployment" | "statefulset", name: string, replicas: number): Promise<void> {
    await this.kubectl("scale", kind, name, `--replicas=${replicas}`);
  }

  /** The leases of this namespace's pods. */
  async leases(): Promise<readonly Lease[]> {
    const { items } = await this.#list<Lease>(LEASES);
    return items.filter(({ spec }) => spec.pod?.namespace === this.name);
  }

  /** Waits until this namespace's pods have so many leases. @returns them. */
  async untilLeases(count: number, timeoutMs: number = WAIT_MS): Promise<readonly Lease[]> {
    let found: readonly Lease[] = [];
    const isSo = async (): Promise<readonly Lease[] | undefined> => {
      found = await this.leases();
      return found.length === count ? found : undefined;
    };
    return await this.#wait(isSo, `${count} leases of ${this.name}`, timeoutMs).catch((cause: unknown) => {
      throw new Error(`${this.name} has leases of ${found.map(({ spec }) => spec.address).join(", ")}`, { cause });
    });
  }

  /** Waits for an event about a pod of a workload whose text matches. @returns the text. */
  async event(app: string, pattern: RegExp): Promise<string> {
    const isThere = async (): Promise<string | undefined> => {
      const { items } = await this.#list<ClusterEvent>(`/api/v1/namespaces/${this.name}/events`);
      const found = items.filter(({ involvedObject }) => involvedObject.name.startsWith(app));
      return found.map(({ message }) => message).find((message) => pattern.test(message));
    };
    return await this.#wait(isThere, `an event of ${app} that matches ${pattern}`, WAIT_MS);
  }

  /** Pings from each pod each other's address. @returns `from -> to` of those that got no answer. */
  async unreachable(
    pods: readonly Pod[],
    addressOf: (pod: Pod) => string | undefined = ({ status }) => status.podIP,
  ): Promise<readonly string[]> {
    const pairs = pods.flatMap((from) => pods.filter((to) => to !== from).map((to) => ({ from, to })));
    const failed = await Promise.all(
      pairs.map(async ({ from, to }) => {
        const ping = ["exec", from.metadata.name, "--", "ping", "-c", "3", "-W", "5", `${addressOf(to)}`];
        const { exitCode } = await this.#cluster.kubectl.try("--namespace", this.name, ...ping);
        return exitCode === 0 ? [] : [`${from.metadata.name} -> ${to.metadata.name}`];
      }),
    );
    return failed.flat();
  }

  /** Deletes every workload, and waits until the pods and their leases are gone. */
  async clear(): Promise<void> {
    await this.kubectl("delete", "deployments,statefulsets,pods", "--all", "--wait=false");
    const areGone = async (): Promise<true | undefined> => ((await this.pods()).length === 0 ? true : undefined);
    await this.#wait(areGone, `the last pod of ${this.name} to go`, WAIT_MS);
    await this.untilLeases(0);
  }

  async #list<T>(path: string): Promise<ObjectList<T>> {
    return (await this.#cluster.controlPlane.api.get(path)) as ObjectList<T>;
  }

  async #wait<T>(probe: () => Promise<T | undefined>, what: string, timeoutMs: number): Promise<T> {
    return await waitFor(probe, { what, timeoutMs, intervalMs: LOOK_MS, signal: this.#cluster.run.signal });
  }

  /** What keeps pods from running, for the message of a failed wait. */
  async #state(app: string): Promise<string> {
    const pods = (await this.pods(app)).map(({ metadata, spec, status }) => {
      return `${metadata.name} on ${spec.nodeName ?? "no node"} ${status.phase} ${status.podIP ?? ""}`;
    });
    const { items } = await this.#list<ClusterEvent>(`/api/v1/namespaces/${this.name}/events`);
    const warnings = items.filter(({ reason }) => reason.startsWith("Failed")).map(({ message }) => message);
    return [...pods, ...warnings.slice(-5)].join("; ");
  }

  #inNamespace(object: object): object {
    const { metadata } = object as { readonly metadata: object };
    return { ...object, metadata: { namespace: this.name, ...metadata } };
  }
}
