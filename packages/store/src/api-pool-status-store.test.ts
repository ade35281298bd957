import { API_VERSION, type IPPool, IPPoolSchema } from "@cluster-ipam/api";
import {
  type Answer,
  answerJson,
  answerStatus,
  answerText,
  HANG_UP,
  type ScriptedServer,
} from "@cluster-ipam/kube/testing";
import { expect, it } from "vitest";
import { ApiPoolStatusStore } from "./api-pool-status-store.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const POOL: IPPool = IPPoolSchema.parse({
  apiVersion: API_VERSION,
  kind: "IPPool",
  metadata: { name: "lab", uid: "u", resourceVersion: "7" },
  spec: { ranges: [{ subnet: "10.0.0.0/24" }] },
  status: { capacity: "254", used: "1", free: "253" },
});
const signal = unending();

async function open(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; store: ApiPoolStatusStore }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, store: new ApiPoolStatusStore(client) };
}

it("writes the status by the subresource, at the version that the pool has", async () => {
  const { server, store } = await open(answerJson(200, POOL));
  expect(await store.writeStatus(POOL, signal)).toEqual({ kind: "written", pool: POOL });
  const [request] = server.requests;
  expect(request?.method).toBe("PUT");
  expect(request?.target).toMatch(/^\/apis\/cluster-ipam\.io\/v1alpha1\/ippools\/lab\/status\?timeout/);
  expect(JSON.parse(request?.body ?? "")).toEqual(POOL);
});

it.each([
  ["changed", answerStatus(409, "Conflict", "the object has been modified")],
  ["gone", answerStatus(404, "NotFound", "not found")],
  ["unknown", answerStatus(500, "InternalError", "etcd")],
  ["unknown", HANG_UP],
  ["unknown", answerText(200, '{"kind":"IPPool"')],
] as const)("says %s of such an answer", async (kind, answer) => {
  const { store } = await open(answer);
  expect(await store.writeStatus(POOL, signal)).toMatchObject({ kind });
});

it.each([
  [403, "apiserver-refused", "the permission to update ippools.cluster-ipam.io"],
  [422, "object-refused", "update ippool lab"],
] as const)("tells of a refusal with %i", async (status, code, text) => {
  const { store } = await open(answerStatus(status, "Forbidden", "no"));
  const written = store.writeStatus(POOL, signal);
  await expect(written).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
});

it("writes no pool that was never read", async () => {
  const { server, store } = await open();
  await expect(store.writeStatus({ ...POOL, metadata: { name: "lab" } }, signal)).rejects.toThrow(RangeError);
  expect(server.requests).toEqual([]);
});

it.each([
  ["deleted", answerJson(200, { kind: "Status" })],
  ["changed", answerStatus(409, "Conflict", "the object has been modified")],
  ["gone", answerStatus(404, "NotFound", "not found")],
  ["unknown", HANG_UP],
] as const)("deletes one version of a pool and no other: %s", async (kind, answer) => {
  const { server, store } = await open(answer);
  expect(await store.delete({ name: "lab", uid: "u", resourceVersion: "7" })).toMatchObject({ kind });
  const [request] = server.requests;
  expect(request?.method).toBe("DELETE");
  expect(request?.target).toMatch(/^\/apis\/cluster-ipam\.io\/v1alpha1\/ippools\/lab(\?|$)/);
  expect(JSON.parse(request?.body ?? "")).toMatchObject({ preconditions: { uid: "u", resourceVersion: "7" } });
});
