import { API_VERSION, type IPPool, IPPoolSchema } from "@cluster-ipam/api";
import {
  type Answer,
  answerJson,
  answerStatus,
  answerText,
  HANG,
  HANG_UP,
  type ScriptedServer,
} from "@cluster-ipam/kube/testing";
import { describe, expect, it, vi } from "vitest";
import { ApiPoolStore } from "./api-pool-store.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const PATH = "/apis/cluster-ipam.io/v1alpha1/ippools";
const POOL = poolOf("10.0.0.0/24");
const OTHER = poolOf("10.9.0.0/24");
const ALREADY_EXISTS = answerStatus(409, "AlreadyExists", "it exists");
const NOT_FOUND = answerStatus(404, "NotFound", "not found");

function poolOf(subnet: string): IPPool {
  return IPPoolSchema.parse({
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name: "lab" },
    spec: { ranges: [{ subnet }] },
  });
}

async function open(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; store: ApiPoolStore }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, store: new ApiPoolStore(client) };
}

function methodsOf({ requests }: ScriptedServer): string[] {
  return requests.map(({ method }) => method);
}

describe("get and list of ApiPoolStore", () => {
  it("reads a pool, or that there is none", async () => {
    const { server, store } = await open(answerJson(200, POOL), NOT_FOUND);
    expect(await store.get("lab", unending())).toEqual(POOL);
    expect(await store.get("lab", unending())).toBeUndefined();
    expect(server.requests[0]?.target).toMatch(new RegExp(`^${PATH}/lab\\?timeout`));
  });

  it("lists pools page by page", async () => {
    const { store } = await open(
      answerJson(200, { metadata: { continue: "t" }, items: [POOL] }),
      answerJson(200, { metadata: {}, items: [OTHER] }),
    );
    expect(await store.list(unending())).toEqual({ pools: [POOL, OTHER], unreadable: [] });
  });

  const UNREADABLE = { ...POOL, spec: { ranges: "none" } };
  const NOT_READ = { code: "bad-config", message: expect.stringMatching(/^pool lab cannot be used: .*ranges/s) };

  it("names a pool that it cannot read", async () => {
    const { store } = await open(answerJson(200, UNREADABLE));
    await expect(store.get("lab", unending())).rejects.toMatchObject(NOT_READ);
  });

  it("lists the other pools beside one that it cannot read", async () => {
    const metadata = { ...POOL.metadata, annotations: { "cluster-ipam.io/is-default-pool": "true" } };
    const { store } = await open(answerJson(200, { items: [{ ...UNREADABLE, metadata }, OTHER] }));
    const { pools, unreadable } = await store.list(unending());
    expect(pools).toEqual([OTHER]);
    expect(unreadable).toEqual([{ metadata, error: expect.objectContaining(NOT_READ) }]);
  });

  it("tells of one that it cannot read whether it has a selector", async () => {
    const spec = { ranges: [{ subnet: "10.0.0.0/24" }, {}], nodeSelector: {} };
    const { store } = await open(answerJson(200, { items: [{ ...UNREADABLE, spec }] }));
    const { unreadable } = await store.list(unending());
    expect(unreadable).toMatchObject([{ restricted: { addressSpace: "", subnets: [] } }]);
  });
});

describe("create of ApiPoolStore", () => {
  it("posts the pool, and gives it as the server has it", async () => {
    const stored = { ...POOL, metadata: { name: "lab", uid: "u-1", resourceVersion: "7" } };
    const { server, store } = await open(answerJson(201, stored));
    expect(await store.create(POOL, unending())).toEqual(stored);
    expect(server.requests[0]).toMatchObject({ method: "POST", target: expect.stringMatching(`^${PATH}\\?timeout`) });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual(POOL);
  });

  it("gives the pool that is there already", async () => {
    const { server, store } = await open(ALREADY_EXISTS, answerJson(200, OTHER));
    expect(await store.create(POOL, unending())).toEqual(OTHER);
    expect(methodsOf(server)).toEqual(["POST", "GET"]);
  });

  it("creates it again when the one that was there has been deleted in between", async () => {
    const { server, store } = await open(ALREADY_EXISTS, NOT_FOUND, answerJson(201, POOL));
    expect(await store.create(POOL, unending())).toEqual(POOL);
    expect(methodsOf(server)).toEqual(["POST", "GET", "POST"]);
  });

  it.each([
    ["no answer", HANG_UP],
    ["500", answerText(500, "oops")],
    ["an answer that is cut off", answerText(201, '{"kind":"IPPo')],
  ])("finds out after %s whether it was created", async (_title, answer) => {
    const { server, store } = await open(answer, ALREADY_EXISTS, answerJson(200, POOL));
    expect(await store.create(POOL, unending())).toEqual(POOL);
    expect(methodsOf(server)).toEqual(["POST", "POST", "GET"]);
  });

  it.each([
    ["apiserver-refused", answerStatus(403, "Forbidden", "no"), "permission to create ippools.cluster-ipam.io"],
    ["apiserver-refused", answerText(404, "404 page not found\n"), "definitions of cluster-ipam are not installed"],
    [
      "object-refused",
      answerStatus(422, "Invalid", "host bits", ["spec.ranges[0].subnet"]),
      "because of spec.ranges[0].subnet",
    ],
  ])("is refused for good: %s", async (code, answer, text) => {
    const { server, store } = await open(answer);
    await expect(store.create(POOL, unending())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
    expect(server.requests).toHaveLength(1);
  });

  it("tries until its signal, and says whom it asked and for how long", async () => {
    const { server, store } = await open(answerText(503, "not ready"));
    await expect(store.create(POOL, AbortSignal.timeout(250))).rejects.toMatchObject({
      code: "apiserver-unreachable",
      // Seconds with one digit after the point; a busy machine adds to the quarter.
      message: expect.stringMatching(`^${server.url} gave no usable answer within [0-2]\\.\\d s: 503 not ready$`),
    });
    expect(server.requests.length).toBeGreaterThan(1);
  });

  it("ends with its signal while the server keeps silent", async () => {
    const { server, store } = await open(HANG);
    const ending = new AbortController();
    const created = store.create(POOL, ending.signal);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    const abortedAtMs = performance.now();
    ending.abort(new Error("the caller has gone"));
    await expect(created).rejects.toMatchObject({
      code: "apiserver-unreachable",
      message: expect.stringContaining("the caller has gone"),
    });
    // Far less than an attempt may take by itself.
    expect(performance.now() - abortedAtMs).toBeLessThan(2_000);
  });

  it("asks nothing once its signal has aborted", async () => {
    const { server, store } = await open(answerJson(201, POOL));
    await expect(store.create(POOL, AbortSignal.abort())).rejects.toMatchObject({ code: "apiserver-unreachable" });
    expect(server.requests).toHaveLength(0);
  });
});
