import { API_PATH, LEASE_RESOURCE } from "@cluster-ipam/api";
import {
  type CachedObject,
  Informer,
  type InformerMeter,
  KubeClient,
  kubeconfigFile,
  type ObjectHandler,
} from "@cluster-ipam/kube";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ControlPlane, STRANGER } from "./src/control-plane.ts";
import { Run } from "./src/run.ts";
import { createLease, deleteLease, listLeases, removeLeases, waitUntilWritable } from "./src/stored-objects.ts";
import { TcpGateway } from "./src/tcp-gateway.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const PATH = `${API_PATH}/${LEASE_RESOURCE}`;
const PAGE_SIZE = 20;
/** More than two pages. */
const LEASES = 50;
/** Longer than the longest pause of an informer, and what a busy machine adds. */
const PATIENCE_MS = 90_000;
/** Writes of each lease after the backup: far more than a server makes by itself while it starts. */
const LATER_WRITES = 5;
const ROUNDS = 8;
/** Less than one event has. */
const CUT_BYTES = 500;

type Client = Pick<KubeClient, "request" | "stream">;

/** Writes down what it is told, and whether that fits what it was told before. */
class Witness implements ObjectHandler<string> {
  /** `<name>@<version>`, and `-<name>`. */
  readonly told: string[] = [];
  readonly contradictions: string[] = [];
  readonly #alive = new Map<string, string>();

  readonly added = (object: CachedObject<string>): void => {
    if (this.#alive.has(object.key)) this.contradictions.push(`${object.key} added twice`);
    this.#set(object);
  };

  readonly changed = (object: CachedObject<string>, before: CachedObject<string>): void => {
    if (this.#alive.get(object.key) !== before.resourceVersion) this.contradictions.push(`${object.key} was another`);
    if (Number(object.resourceVersion) <= Number(before.resourceVersion)) {
      this.contradictions.push(`${object.key} went back`);
    }
    this.#set(object);
  };

  readonly deleted = ({ key }: CachedObject<string>): void => {
    if (!this.#alive.delete(key)) this.contradictions.push(`${key} deleted, but was not there`);
    this.told.push(`-${key}`);
  };

  #set({ key, resourceVersion }: CachedObject<string>): void {
    this.#alive.set(key, resourceVersion);
    this.told.push(`${key}@${resourceVersion}`);
  }
}

/** Counts how watches ended, how often everything was listed, and what failed. */
class Tally implements InformerMeter {
  readonly endings: string[] = [];
  readonly failures: string[] = [];
  lists = 0;
  readonly eventSeen = (): void => undefined;
  readonly handlerFailed = ({ message }: Error): void => void this.failures.push(message);
  readonly readFailed = ({ kind, message }: { readonly kind: string; readonly message: string }): void =>
    void this.failures.push(`${kind} ${message}`);
  readonly watchEnded = ({ kind }: { readonly kind: string }): void => void this.endings.push(kind);

  listed(): void {
    this.lists += 1;
  }
}

interface Subject {
  readonly informer: Informer<string>;
  readonly witness: Witness;
  readonly tally: Tally;
}

describe("an informer on a real API server", () => {
  let run: Run;
  let controlPlane: ControlPlane;
  let gateway: TcpGateway;
  let through: KubeClient;

  beforeAll(async () => {
    await requireTools(["etcd", "kube-apiserver"]);
    run = await Run.open();
    controlPlane = await ControlPlane.start(run);
    gateway = await TcpGateway.open(run, controlPlane);
  });
  afterAll(() => run?.close());
  beforeEach(async () => {
    through = clientOf(gateway.kubeconfigPath);
    await Promise.all(addresses(LEASES).map((address) => reserve(address)));
  });
  afterEach(async () => {
    gateway.reopen();
    await through.close();
    await removeLeases(controlPlane);
  });

  it("lists page by page and then hears of every single change, in order, though connections break all the time", async () => {
    const { informer, witness, tally } = await synced(through);
    expect(informer.size).toBe(LEASES);
    const from = witness.told.length;
    const written: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      written.push(...(await change(round)));
      // What has come since the last break has come through a watch, which is there to be broken.
      await caughtUp(informer);
      if (round % 2 === 0) gateway.cut();
      else gateway.cutAfter(CUT_BYTES);
      written.push(...(await change(round)));
    }
    await caughtUp(informer);
    expect(witness.told.slice(from)).toEqual(written);
    expect(witness.contradictions).toEqual([]);
    expect(tally).toMatchObject({ lists: 1 });
    expect(tally.endings.filter((kind) => kind === "broken").length).toBeGreaterThanOrEqual(ROUNDS);
  });

  it("gives a stalled connection up, and goes on over another one", async () => {
    const stream: Client["stream"] = (request) => through.stream({ ...request, silenceMs: 2_000 });
    const { informer, witness, tally } = await synced({ request: (asked) => through.request(asked), stream });
    const from = witness.told.length;
    const written = [...(await change(1))];
    await caughtUp(informer);
    gateway.stall();
    written.push(...(await change(2)));
    await caughtUp(informer);
    expect(witness.told.slice(from)).toEqual(written);
    expect(tally.endings).toContain("silent");
    expect(tally.lists).toBe(1);
  });

  it("survives a server that is killed and comes back", async () => {
    const { informer, witness } = await synced(clientOf(controlPlane.kubeconfigPath));
    await change(1);
    await controlPlane.server.kill();
    await controlPlane.server.restart();
    controlPlane.api.disconnect();
    await waitUntilWritable(controlPlane, PATIENCE_MS);
    await change(2);
    await caughtUp(informer);
    expect(witness.contradictions).toEqual([]);
  });

  it("lists again when the server has forgotten the version to go on from, and tells the difference", async () => {
    const { informer, witness, tally } = await synced(through);
    const from = witness.told.length;
    gateway.shut();
    const [doomed = "", changed = "", renewed = ""] = addresses(LEASES);
    await deleteLease(controlPlane, doomed);
    await patch(changed);
    await deleteLease(controlPlane, renewed);
    await reserve(renewed);
    await reserve("10.90.1.1");
    await controlPlane.forgetHistory();
    controlPlane.api.disconnect();
    gateway.reopen();
    await caughtUp(informer);
    const names = witness.told.slice(from).map((told) => told.split("@")[0]);
    expect(new Set(names)).toEqual(new Set([`-${doomed}`, changed, `-${renewed}`, renewed, "10.90.1.1"]));
    expect(names).toHaveLength(5);
    expect(names.indexOf(`-${renewed}`)).toBeLessThan(names.indexOf(renewed));
    expect(tally.endings).toContain("expired");
    expect(tally.lists).toBe(2);
    expect(witness.contradictions).toEqual([]);
  });

  it("starts a list over when the server forgets it between two pages", async () => {
    const direct = clientOf(controlPlane.kubeconfigPath);
    const [doomed = ""] = addresses(LEASES);
    let pages = 0;
    const request: Client["request"] = async (asked) => {
      pages += 1;
      if (pages === 2) {
        await deleteLease(controlPlane, doomed);
        await controlPlane.forgetHistory();
        controlPlane.api.disconnect();
      }
      return direct.request(asked);
    };
    const { informer, witness, tally } = await synced({ request, stream: (asked) => direct.stream(asked) });
    await caughtUp(informer);
    expect(tally.failures.some((failure) => failure.startsWith("refused"))).toBe(true);
    expect(tally.lists).toBe(1);
    expect(informer.size).toBe(LEASES - 1);
    expect(witness.contradictions).toEqual([]);
  });

  it("sees that the server was put back to a backup, whose versions are older", async () => {
    const backup = await controlPlane.backUp();
    const { informer, witness, tally } = await synced(clientOf(controlPlane.kubeconfigPath));
    for (let round = 0; round < LATER_WRITES; round += 1) await Promise.all(addresses(LEASES).map(patch));
    await controlPlane.restore(backup);
    await waitUntilWritable(controlPlane, PATIENCE_MS);
    await caughtUp(informer);
    expect(informer.size).toBe(LEASES);
    expect(tally.endings).toContain("rewound");
    // An object that is older than it was is told as changed: that is what has happened to it.
    expect(witness.contradictions.filter((told) => !told.endsWith("went back"))).toEqual([]);
    const from = witness.told.length;
    const written = await change(1);
    await caughtUp(informer);
    expect(witness.told.slice(from)).toEqual(written);
  });

  it("that may not list waits until it may", async () => {
    const stranger = clientOf(await controlPlane.kubeconfigFor(STRANGER));
    const { informer, tally } = started(stranger);
    await waitFor(() => (tally.failures.length > 1 ? true : undefined), { what: "refusals", timeoutMs: PATIENCE_MS });
    expect(tally.failures[0]).toMatch(/^refused .*forbidden/);
    expect(informer.isSynced).toBe(false);
    await grantEverything(STRANGER);
    await informer.synced;
    await caughtUp(informer);
  });

  function clientOf(kubeconfigPath: string): KubeClient {
    const client = new KubeClient({ source: kubeconfigFile(kubeconfigPath), userAgent: "cluster-ipam-test/0" });
    onTestFinished(() => client.close());
    return client;
  }

  function started(client: Client): Subject {
    const witness = new Witness();
    const tally = new Tally();
    const decode = (object: unknown): string =>
      (object as { readonly spec: { readonly address: string } }).spec.address;
    const informer = new Informer({ client, path: PATH, decode, pageSize: PAGE_SIZE, meter: tally });
    onTestFinished(() => informer.close());
    informer.subscribe(witness);
    informer.start();
    return { informer, witness, tally };
  }

  async function synced(client: Client): Promise<Subject> {
    const subject = started(client);
    await subject.informer.synced;
    return subject;
  }

  /** Changes, deletes and creates a lease. @returns what a witness is told of it */
  async function change(round: number): Promise<readonly string[]> {
    const [kept = "", doomed = ""] = addresses(LEASES).slice((round * 2) % (LEASES - 2));
    const changed = await patch(kept);
    await deleteLease(controlPlane, doomed);
    await reserve(doomed);
    const created = (await listLeases(controlPlane)).find(({ metadata }) => metadata.name === doomed);
    return [`${kept}@${changed}`, `-${doomed}`, `${doomed}@${created?.metadata.resourceVersion}`];
  }

  function reserve(address: string): Promise<void> {
    return createLease(controlPlane, { address, reserved: { reason: "the test" } });
  }

  /** Changes a lease. @returns its new version */
  async function patch(name: string): Promise<string> {
    const body = JSON.stringify({ metadata: { annotations: { "example.org/at": String(performance.now()) } } });
    const contentType = "application/merge-patch+json";
    const answer = await controlPlane.api.send({ method: "PATCH", path: `${PATH}/${name}`, body, contentType });
    const { metadata } = JSON.parse(answer.text) as { readonly metadata: { readonly resourceVersion: string } };
    return metadata.resourceVersion;
  }

  /** Waits until the informer has what the server has. */
  async function caughtUp(informer: Informer<string>): Promise<void> {
    const isEqual = async (): Promise<true | undefined> => {
      const list = await listLeases(controlPlane).catch(() => undefined);
      const truth = list?.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).toSorted();
      const copy = [...informer.values()].map(({ key, resourceVersion }) => `${key}@${resourceVersion}`).toSorted();
      return truth?.join(" ") === copy.join(" ") ? true : undefined;
    };
    await waitFor(isEqual, { what: "the copy to be what the server has", timeoutMs: PATIENCE_MS, intervalMs: 100 });
  }

  async function grantEverything(user: string): Promise<void> {
    const group = "rbac.authorization.k8s.io";
    const binding = {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: `everything-for-${user}` },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: group, kind: "User", name: user }],
    };
    await controlPlane.api.ensure(`/apis/${group}/v1/clusterrolebindings`, JSON.stringify(binding));
  }
});

/** The first addresses of 10.90.0.0/24, from .1 on. */
function addresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.90.0.${index + 1}`);
}
