import { attachedLease, leaseStoreConformance } from "@cluster-ipam/allocator/testing";
import { API_VERSION, type IPLease, type IPPool, IPPoolSchema, LEASE_RESOURCE } from "@cluster-ipam/api";
import { KubeClient, kubeconfigFile } from "@cluster-ipam/kube";
import { ApiLeaseStore, ApiPoolStore } from "@cluster-ipam/store";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ControlPlane, STRANGER } from "./src/control-plane.ts";
import { countRequests, type RequestTotal, requestsBetween } from "./src/request-metrics.ts";
import { Run } from "./src/run.ts";
import { requireTools } from "./src/tools.ts";

const PAGE_SIZE = 7;
const CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

let run: Run;
let controlPlane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
  client = clientOf(controlPlane.kubeconfigPath);
});

afterAll(async () => {
  await client?.close();
  await run?.close();
});

function clientOf(kubeconfigPath: string): KubeClient {
  return new KubeClient({ source: kubeconfigFile(kubeconfigPath), userAgent: "cluster-ipam-test/0" });
}

async function clientFor(user: string): Promise<KubeClient> {
  const own = clientOf(await controlPlane.kubeconfigFor(user));
  onTestFinished(() => own.close());
  return own;
}

function open(): AbortSignal {
  return new AbortController().signal;
}

function poolOf(name: string, subnet: string): IPPool {
  return IPPoolSchema.parse({
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name },
    spec: { ranges: [{ subnet }] },
  });
}

async function createdLease(store: ApiLeaseStore, draft: IPLease): Promise<IPLease> {
  const outcome = await store.create(draft);
  if (outcome.kind !== "created") throw new Error(outcome.kind);
  return outcome.lease;
}

async function replacedLease(store: ApiLeaseStore, lease: IPLease, containerID: string): Promise<IPLease> {
  const outcome = await store.replace({ ...lease, spec: { ...lease.spec, containerID } });
  if (outcome.kind !== "replaced") throw new Error(outcome.kind);
  return outcome.lease;
}

/** The client, before whose second page of a list the server is restarted and forgets what the first one was of. */
function betweenPages(whole: KubeClient, meanwhile: () => Promise<void>): Pick<KubeClient, "server" | "request"> {
  let forgotten: string | undefined;
  return {
    server: whole.server,
    request: async (asked) => {
      const page = asked.query?.["continue"];
      if (page === undefined || (forgotten ?? page) !== page) return whole.request(asked);
      if (forgotten === undefined) {
        forgotten = page;
        await meanwhile();
        await controlPlane.forgetHistory();
      }
      const answer = await whole.request(asked);
      expect(answer, "the server still knows the page").not.toMatchObject({ status: 200 });
      return answer;
    },
  };
}

async function requestsOf(work: () => Promise<unknown>): Promise<readonly RequestTotal[]> {
  const before = await controlPlane.requestTotals();
  await work();
  return requestsBetween(before, await controlPlane.requestTotals());
}

leaseStoreConformance(
  "ApiLeaseStore",
  () => new ApiLeaseStore(client, { pageSize: PAGE_SIZE }),
  (_store, meanwhile) => new ApiLeaseStore(betweenPages(client, meanwhile), { pageSize: PAGE_SIZE }),
);

describe("requests of ApiLeaseStore", () => {
  it("makes one request for a create, and one for a delete", async () => {
    const store = new ApiLeaseStore(client);
    const requests = await requestsOf(async () => {
      const { name, uid = "", resourceVersion = "" } = (await createdLease(store, attachedLease("10.1.0.1"))).metadata;
      expect(await store.delete({ name, uid, resourceVersion })).toEqual({ kind: "deleted" });
    });
    const counts = ["POST", "DELETE", "GET", "LIST"].map((verb) =>
      countRequests(requests, { verb, resource: LEASE_RESOURCE }),
    );
    expect(counts).toEqual([1, 1, 0, 0]);
  });

  it("reads names by pages", async () => {
    const store = new ApiLeaseStore(client, { pageSize: 2 });
    const pool = "paged";
    for (const octet of [1, 2, 3, 4, 5]) await store.create(attachedLease(`10.2.0.${octet}`, { pool }));
    const requests = await requestsOf(async () => {
      expect(await store.listNames(pool, open())).toHaveLength(5);
    });
    expect(countRequests(requests, { verb: "LIST", resource: LEASE_RESOURCE })).toBeGreaterThanOrEqual(3);
  });
});

describe("ApiPoolStore", () => {
  it("creates, reads and lists pools", async () => {
    const store = new ApiPoolStore(client);
    const pool = await store.create(poolOf("lab", "10.0.0.0/24"), open());
    expect(pool.metadata.uid).toMatch(/./);
    expect(await store.get("lab", open())).toEqual(pool);
    expect((await store.list(open())).pools).toContainEqual(pool);
    expect(await store.get("absent", open())).toBeUndefined();
  });

  it("returns the pool that is there already as it is", async () => {
    const store = new ApiPoolStore(client);
    const first = await store.create(poolOf("twice", "10.0.1.0/24"), open());
    expect(await store.create(poolOf("twice", "10.0.2.0/24"), open())).toEqual(first);
  });

  it("passes on the sentence of a pool that is refused", async () => {
    const store = new ApiPoolStore(client);
    const pool = poolOf("refused", "10.0.0.1/24");
    await expect(store.create(pool, open())).rejects.toMatchObject({
      code: "object-refused",
      message: expect.stringMatching(/create ippool refused because of spec\.ranges\[0\]\.subnet.*host bits/),
    });
  });
});

describe("who may not", () => {
  it("is told verb, resource and what the server says", async () => {
    const store = new ApiLeaseStore(await clientFor(STRANGER));
    const lease = attachedLease("10.3.0.1");
    const version = { name: lease.metadata.name, uid: "1", resourceVersion: "1" };
    const replaced = { ...lease, metadata: version };
    const refused = [
      ["create", () => store.create(lease)],
      ["update", () => store.replace(replaced)],
      ["delete", () => store.delete(version)],
      ["get", () => store.get(version.name, open())],
      ["list", () => store.listByNode("node-a", open())],
      ["list", () => store.listNames("pool-a", open())],
    ] as const;
    for (const [verb, call] of refused) {
      await expect(call()).rejects.toMatchObject({
        code: "apiserver-refused",
        message: expect.stringContaining(`cannot ${verb} resource "ipleases" in API group "cluster-ipam.io"`),
      });
    }
  });

  it("is told that the credentials are not valid", async () => {
    const store = new ApiLeaseStore(await clientFor("unheard-of"));
    await expect(store.create(attachedLease("10.3.0.2"))).rejects.toMatchObject({
      code: "apiserver-refused",
      message: expect.stringContaining("credentials are not valid"),
    });
  });
});

describe("while the API server", () => {
  it("is away: a write is unknown at once, a read tries until its signal, and both work when it is back", async () => {
    const store = new ApiLeaseStore(client);
    const lease = attachedLease("10.4.0.1");
    await controlPlane.server.kill();
    expect(await store.create(lease)).toMatchObject({
      kind: "unknown",
      cause: expect.objectContaining({ message: expect.stringContaining("ECONNREFUSED") }),
    });
    await expect(store.get(lease.metadata.name, AbortSignal.timeout(700))).rejects.toMatchObject({
      code: "apiserver-unreachable",
      message: expect.stringMatching(
        new RegExp(String.raw`^${controlPlane.server.url} gave no usable answer within 0\.\d s: .*ECONNREFUSED`),
      ),
    });
    const patient = store.get(lease.metadata.name, AbortSignal.timeout(60_000));
    await controlPlane.server.restart();
    expect(await patient).toBeUndefined();
    expect(await store.create(lease)).toMatchObject({ kind: "created" });
  });

  it("was restarted: no connection of before fails a write, and versions of before still guard their lease", async () => {
    const store = new ApiLeaseStore(client);
    const first = await createdLease(store, attachedLease("10.4.3.1"));
    const second = await replacedLease(store, first, "sandbox-2");
    await Promise.all(Array.from({ length: 32 }, (_, number) => store.get(`10.4.1.${number}`, open())));
    await controlPlane.server.restart();
    const creates = Array.from({ length: 32 }, (_, number) => store.create(attachedLease(`10.4.1.${number}`)));
    expect(new Set((await Promise.all(creates)).map(({ kind }) => kind))).toEqual(new Set(["created"]));
    const { name, uid = "", resourceVersion = "" } = first.metadata;
    expect(await store.delete({ name, uid, resourceVersion })).toEqual({ kind: "changed" });
    expect((await replacedLease(store, second, "sandbox-3")).metadata.uid).toBe(uid);
  });

  it("hangs: a write is unknown after its time, and the same write afterwards finds out what became of it", async () => {
    const store = new ApiLeaseStore(client, { writeTimeoutMs: 500 });
    const lease = attachedLease("10.4.2.1");
    await store.get(lease.metadata.name, open());
    controlPlane.server.pause();
    const startedAtMs = performance.now();
    const outcome = await store.create(lease).finally(() => controlPlane.server.resume());
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
    expect(outcome).toMatchObject({ kind: "unknown" });
    const again = await new ApiLeaseStore(client).create(lease);
    expect(["created", "taken"]).toContain(again.kind);
    expect((await store.get(lease.metadata.name, open()))?.spec).toEqual(lease.spec);
  });
});

describe("without the custom resource definitions", () => {
  it("says so, and takes no object for absent", async () => {
    const lease = attachedLease("10.5.0.1");
    const store = new ApiLeaseStore(client);
    await controlPlane.api.send({ method: "DELETE", path: `${CRD_PATH}/ipleases.cluster-ipam.io` });
    await expect
      .poll(() => store.create(lease).then(({ kind }) => kind, String), { timeout: 20_000 })
      .toMatch(/not installed/);
    const notInstalled = {
      code: "apiserver-refused",
      message: expect.stringContaining("definitions of cluster-ipam are not installed"),
    };
    await expect(store.create(lease)).rejects.toMatchObject(notInstalled);
    await expect(store.get(lease.metadata.name, open())).rejects.toMatchObject(notInstalled);
    await expect(store.delete({ name: "10.5.0.1", uid: "1", resourceVersion: "1" })).rejects.toMatchObject(
      notInstalled,
    );
    await expect(store.listByNode("node-a", open())).rejects.toMatchObject(notInstalled);
  });
});
