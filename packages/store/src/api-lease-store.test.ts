import { attachedLease } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import {
  type Answer,
  answerJson,
  answerStatus,
  answerText,
  cutBody,
  GARBAGE,
  HANG,
  HANG_UP,
  type ScriptedServer,
} from "@cluster-ipam/kube/testing";
import { describe, expect, it } from "vitest";
import { ApiLeaseStore, type LeaseStoreOptions } from "./api-lease-store.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const DRAFT = attachedLease("10.0.0.5");
const VERSION = { name: "10.0.0.5", uid: "u-1", resourceVersion: "7" };
const LEASE: IPLease = { ...DRAFT, metadata: VERSION };
const V6 = attachedLease("2001:db8::5", { addressSpace: "blue" });
const V6_NAME = "blue.2001-0db8-0000-0000-0000-0000-0000-0005";
const PATH = "/apis/cluster-ipam.io/v1alpha1/ipleases";
const ALREADY_EXISTS = answerStatus(409, "AlreadyExists", "it exists");
const CONFLICT = answerStatus(409, "Conflict", "it has been modified");
const NOT_FOUND = answerStatus(404, "NotFound", "not found");
const NO_SUCH_RESOURCE = answerText(404, "404 page not found\n");
const FORBIDDEN = answerStatus(403, "Forbidden", 'User "agent" cannot do that');

async function open(
  options: LeaseStoreOptions,
  ...answers: readonly Answer[]
): Promise<{ server: ScriptedServer; store: ApiLeaseStore }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, store: new ApiLeaseStore(client, options) };
}

type Write = readonly ["create" | "update" | "delete", (store: ApiLeaseStore) => Promise<{ readonly kind: string }>];

const WRITES: readonly Write[] = [
  ["create", (store) => store.create(DRAFT)],
  ["update", (store) => store.replace(LEASE)],
  ["delete", (store) => store.delete(VERSION)],
];

describe("create", () => {
  it("posts the lease, and gives it with its version", async () => {
    const { server, store } = await open({}, answerJson(201, LEASE));
    expect(await store.create(DRAFT)).toEqual({ kind: "created", lease: LEASE });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", target: expect.stringMatching(`^${PATH}\\?timeout=\\d+ms$`) });
    expect(JSON.parse(request?.body ?? "")).toEqual(DRAFT);
  });

  it("finds the address taken when the server says that the object exists", async () => {
    const { store } = await open({}, ALREADY_EXISTS);
    expect(await store.create(DRAFT)).toEqual({ kind: "taken" });
  });

  it.each([
    ["another conflict", CONFLICT],
    ["a body that is no lease", answerJson(201, { metadata: { name: "10.0.0.5" } })],
    ["a body that is no JSON", answerText(201, '{"kind":"IPLe')],
    ["a success that is not 201", answerJson(200, LEASE)],
    ["a redirect", answerText(302, "", { location: "/elsewhere" })],
  ])("is unknown after %s", async (_title, answer) => {
    const { server, store } = await open({}, answer);
    expect(await store.create(DRAFT)).toMatchObject({ kind: "unknown", cause: expect.any(Error) });
    expect(server.requests).toHaveLength(1);
  });

  it("says that the definitions are missing when the server does not know the resource", async () => {
    const { store } = await open({}, NO_SUCH_RESOURCE);
    await expect(store.create(DRAFT)).rejects.toMatchObject({
      code: "apiserver-refused",
      message: expect.stringMatching(
        /create iplease 10\.0\.0\.5 \(404\).*definitions of cluster-ipam are not installed/,
      ),
    });
  });

  it("does not post a lease that was read from a server", async () => {
    const { server, store } = await open({}, answerJson(201, LEASE));
    await expect(store.create(LEASE)).rejects.toThrow(RangeError);
    expect(server.requests).toHaveLength(0);
  });
});

describe("replace", () => {
  it("puts the lease, which carries its version", async () => {
    const newer = { ...LEASE, metadata: { ...VERSION, resourceVersion: "8" } };
    const { server, store } = await open({}, answerJson(200, newer));
    expect(await store.replace(LEASE)).toEqual({ kind: "replaced", lease: newer });
    expect(server.requests[0]).toMatchObject({
      method: "PUT",
      target: expect.stringMatching(`^${PATH}/10\\.0\\.0\\.5\\?`),
    });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual(LEASE);
  });

  it.each([
    ["changed", CONFLICT],
    ["gone", NOT_FOUND],
    ["unknown", answerText(200, '{"kind":"IPLe')],
    ["unknown", answerJson(201, LEASE)],
  ])("is %s", async (kind, answer) => {
    const { store } = await open({}, answer);
    expect(await store.replace(LEASE)).toMatchObject({ kind });
  });

  it("writes nothing to a lease that is being deleted", async () => {
    const { server, store } = await open({}, answerJson(200, LEASE));
    const metadata = { ...VERSION, deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(await store.replace({ ...LEASE, metadata })).toEqual({ kind: "changed" });
    expect(server.requests).toHaveLength(0);
  });
});

describe("delete", () => {
  it("names the version that it may delete", async () => {
    const { server, store } = await open({}, answerJson(200, { kind: "Status", status: "Success" }));
    expect(await store.delete({ ...VERSION, name: V6_NAME })).toEqual({ kind: "deleted" });
    expect(server.requests[0]).toMatchObject({
      method: "DELETE",
      target: expect.stringMatching(`^${PATH}/${V6_NAME}\\?`),
    });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({
      kind: "DeleteOptions",
      preconditions: { uid: "u-1", resourceVersion: "7" },
    });
  });

  it.each([
    ["deleted", answerJson(202, {})],
    ["deleted", answerJson(200, { ...LEASE, metadata: { ...VERSION, deletionTimestamp: "2026-01-01T00:00:00Z" } })],
    ["changed", CONFLICT],
    ["gone", NOT_FOUND],
  ])("is %s", async (kind, answer) => {
    const { store } = await open({}, answer);
    expect(await store.delete(VERSION)).toEqual({ kind });
  });

  it("takes no lease for gone when the server does not know the resource", async () => {
    const { store } = await open({}, NO_SUCH_RESOURCE);
    await expect(store.delete(VERSION)).rejects.toMatchObject({ code: "apiserver-refused" });
  });
});

describe.each(WRITES)("every write: %s", (verb, write) => {
  it.each([
    ["500", answerStatus(500, "InternalError", "etcdserver: request timed out"), "500 etcdserver: request timed out"],
    ["503", answerText(503, "not ready"), "503 not ready"],
    ["504", answerStatus(504, "Timeout", "did not complete"), "504 did not complete"],
    ["a body that is cut off", cutBody(201), ""],
    // What is left of the time once the connection is asked for.
    ["no answer", HANG, /no answer within 0\.[3-6]\d* s$/],
    ["a connection that is closed", HANG_UP, ""],
    ["an answer that is not HTTP", GARBAGE, ""],
  ])("is unknown after %s, is not repeated, and names the server", async (_title, answer, text) => {
    const { server, store } = await open({ writeTimeoutMs: 600 }, answer);
    const outcome = (await write(store)) as { readonly kind: string; readonly cause?: Error };
    expect(outcome).toMatchObject({ kind: "unknown", isNotBegun: false });
    expect(outcome.cause?.message).toContain(`${server.url}: `);
    expect(outcome.cause?.message).toMatch(text);
    expect(server.requests).toHaveLength(1);
  });

  it("is unknown when nobody listens", async () => {
    const { server, store } = await open({});
    await server.close();
    expect(await write(store)).toMatchObject({
      kind: "unknown",
      isNotBegun: true,
      cause: expect.objectContaining({ message: expect.stringContaining("ECONNREFUSED") }),
    });
  });

  it("is refused with verb, resource and the server's sentence", async () => {
    const { store } = await open({}, FORBIDDEN);
    await expect(write(store)).rejects.toMatchObject({
      code: "apiserver-refused",
      message:
        `the API server refused to ${verb} iplease 10.0.0.5 (403): User "agent" cannot do that:` +
        ` the agent needs the permission to ${verb} ipleases.cluster-ipam.io`,
    });
  });

  it("is refused when the credentials are not valid, after a try with fresh ones", async () => {
    const { server, store } = await open({}, answerStatus(401, "Unauthorized", "Unauthorized"));
    await expect(write(store)).rejects.toMatchObject({
      code: "apiserver-refused",
      message: expect.stringContaining("credentials are not valid"),
    });
    expect(server.requests).toHaveLength(2);
  });

  it.each([[400], [422]])("names the field of an object that is refused with %i", async (status) => {
    const { store } = await open(
      {},
      answerStatus(status, "Invalid", "prefixLength is immutable", ["spec.prefixLength", "spec.prefixLength"]),
    );
    await expect(write(store)).rejects.toMatchObject({
      code: "object-refused",
      message: `the API server refused to ${verb} iplease 10.0.0.5 because of spec.prefixLength (${status}): prefixLength is immutable`,
    });
  });

  it("comes back after 429, when the server says", async () => {
    const { server, store } = await open({}, answerText(429, "busy", { "retry-after": "1" }), FORBIDDEN);
    const startedAtMs = performance.now();
    await expect(write(store)).rejects.toMatchObject({ code: "apiserver-refused" });
    expect(performance.now() - startedAtMs).toBeGreaterThan(995);
    expect(server.requests).toHaveLength(2);
  });

  it("is unknown after 429 when it could not come back in its time", async () => {
    const { server, store } = await open({ writeTimeoutMs: 1_500 }, answerText(429, "busy", { "retry-after": "1" }));
    const startedAtMs = performance.now();
    expect(await write(store)).toMatchObject({
      kind: "unknown",
      isNotBegun: true,
      retryAfterMs: 1_000,
      cause: expect.objectContaining({ message: expect.stringContaining("429 busy") }),
    });
    expect(performance.now() - startedAtMs).toBeLessThan(500);
    expect(server.requests).toHaveLength(1);
  });
});

describe("get", () => {
  it("asks for the lease as it is now", async () => {
    const { server, store } = await open({}, answerJson(200, LEASE));
    expect(await store.get(V6.metadata.name, unending())).toEqual(LEASE);
    expect(server.requests[0]?.target).toMatch(new RegExp(`^${PATH}/${V6_NAME}\\?timeout=\\d+ms$`));
  });

  it("tells a missing lease from a missing resource", async () => {
    const { store } = await open({}, NOT_FOUND, NO_SUCH_RESOURCE);
    expect(await store.get("10.0.0.5", unending())).toBeUndefined();
    await expect(store.get("10.0.0.5", unending())).rejects.toMatchObject({ code: "apiserver-refused" });
  });

  it("cannot be led elsewhere by a name", async () => {
    const { server, store } = await open({}, NOT_FOUND);
    await store.get("../ippools?x=1", unending());
    expect(server.requests[0]?.target).toMatch(new RegExp(`^${PATH}/\\.\\.%2Fippools%3Fx%3D1\\?`));
  });

  it("tries until there is an answer", async () => {
    const { server, store } = await open({}, HANG_UP, answerText(503, "not ready"), answerJson(200, LEASE));
    expect(await store.get("10.0.0.5", unending())).toEqual(LEASE);
    expect(server.requests).toHaveLength(3);
  });

  it("says whom it asked, for how long, and the last answer", async () => {
    const { server, store } = await open({}, answerText(503, "not ready"));
    await expect(store.get("10.0.0.5", AbortSignal.timeout(250))).rejects.toMatchObject({
      code: "apiserver-unreachable",
      message: expect.stringMatching(`^${server.url} gave no usable answer within 0\\.[234] s: 503 not ready$`),
    });
  });

  it("ends with its signal while the server keeps silent", async () => {
    const { store } = await open({}, HANG);
    const startedAtMs = performance.now();
    await expect(store.get("10.0.0.5", AbortSignal.timeout(250))).rejects.toMatchObject({
      code: "apiserver-unreachable",
    });
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  });

  it("is refused with verb and resource", async () => {
    const { server, store } = await open({}, FORBIDDEN);
    await expect(store.get("10.0.0.5", unending())).rejects.toMatchObject({
      code: "apiserver-refused",
      message: expect.stringContaining("permission to get ipleases.cluster-ipam.io"),
    });
    expect(server.requests).toHaveLength(1);
  });
});

const TABLE = {
  kind: "Table",
  columnDefinitions: [
    { name: "Age", format: "" },
    { name: "Name", format: "name" },
  ],
  rows: [
    { cells: ["1s", "10.0.0.5"], object: null },
    { cells: ["1s", V6_NAME], object: null },
  ],
};

describe("lists", () => {
  it("asks for the leases of a node, page by page", async () => {
    const pages = [
      answerJson(200, { metadata: { continue: "t1" }, items: [LEASE] }),
      answerJson(200, { metadata: {}, items: [LEASE, LEASE] }),
    ];
    const { server, store } = await open({ pageSize: 3 }, ...pages);
    expect(await store.listByNode("node-a", unending())).toEqual([LEASE, LEASE, LEASE]);
    const queries = server.requests.map(({ target }) => Object.fromEntries(new URL(target, server.url).searchParams));
    const first = { fieldSelector: "spec.node=node-a", limit: "3", timeout: expect.any(String) };
    expect(queries).toEqual([first, { ...first, continue: "t1" }]);
  });

  it("asks for the names of a pool without the objects", async () => {
    const { server, store } = await open({}, answerJson(200, TABLE));
    expect(await store.listNames("pool-a", unending())).toEqual(["10.0.0.5", V6_NAME]);
    expect(server.requests[0]?.headers.accept).toBe("application/json;as=Table;g=meta.k8s.io;v=v1");
    const query = new URL(server.requests[0]?.target ?? "", server.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      fieldSelector: "spec.pool=pool-a",
      includeObject: "None",
      limit: "5000",
      timeout: expect.any(String),
    });
  });

  it("asks for the names of all leases without a selector", async () => {
    const { server, store } = await open({}, answerJson(200, TABLE));
    expect(await store.listNames(undefined, unending())).toEqual(["10.0.0.5", V6_NAME]);
    const query = new URL(server.requests[0]?.target ?? "", server.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({ includeObject: "None", limit: "5000", timeout: expect.any(String) });
  });

  it("cannot be widened by a pool's name", async () => {
    const { server, store } = await open({}, answerJson(200, TABLE));
    await store.listNames(String.raw`a,spec.node=b\c`, unending());
    const query = new URL(server.requests[0]?.target ?? "", server.url).searchParams;
    expect(query.get("fieldSelector")).toBe(String.raw`spec.pool=a\,spec.node\=b\\c`);
  });

  it.each([
    ["no table", { kind: "IPLeaseList", items: [] }],
    ["a table without names", { ...TABLE, columnDefinitions: [{ name: "Age", format: "" }] }],
    ["a row without cells", { ...TABLE, rows: [{}] }],
  ])("does not take %s for names", async (_title, document) => {
    const { store } = await open({}, answerJson(200, document));
    await expect(store.listNames("pool-a", unending())).rejects.toThrow(TypeError);
  });

  it("does not take another object for a list", async () => {
    const { store } = await open({}, answerJson(200, LEASE));
    await expect(store.listByNode("node-a", unending())).rejects.toThrow(TypeError);
  });

  it("is refused with verb and resource", async () => {
    const { store } = await open({}, FORBIDDEN);
    await expect(store.listByNode("node-a", unending())).rejects.toMatchObject({
      message: expect.stringContaining("refused to list ipleases.cluster-ipam.io (403)"),
    });
  });

  it("ends with its signal in the middle", async () => {
    const { store } = await open({}, answerJson(200, { ...TABLE, metadata: { continue: "t1" } }), HANG);
    await expect(store.listNames("pool-a", AbortSignal.timeout(250))).rejects.toMatchObject({
      code: "apiserver-unreachable",
    });
  });
});
