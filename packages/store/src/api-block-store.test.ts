import type { IPBlock } from "@cluster-ipam/api";
import { type Answer, answerJson, answerStatus, HANG_UP, type ScriptedServer } from "@cluster-ipam/kube/testing";
import { expect, test } from "vitest";
import { ApiBlockStore } from "./api-block-store.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const PATH = "/apis/cluster-ipam.io/v1alpha1/ipblocks";
const BLOCK: IPBlock = {
  apiVersion: "cluster-ipam.io/v1alpha1",
  kind: "IPBlock",
  metadata: { name: "10.0.0.0-28" },
  spec: { prefix: "10.0.0.0/28", pool: "lab", addressSpace: "", node: "n1" },
};
const STORED: IPBlock = { ...BLOCK, metadata: { ...BLOCK.metadata, uid: "u1", resourceVersion: "7" } };
const VERSION = { name: "10.0.0.0-28", uid: "u1", resourceVersion: "7" };

async function open(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; store: ApiBlockStore }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, store: new ApiBlockStore(client) };
}

test("a create is one POST, and its answer the block", async () => {
  const { server, store } = await open(answerJson(201, STORED));
  expect(await store.create(BLOCK)).toEqual({ kind: "created", block: STORED });
  expect(server.requests.map(({ method }) => method)).toEqual(["POST"]);
  expect(server.requests[0]?.target).toMatch(new RegExp(`^${PATH}\\?timeout`));
});

test("a create of a name that exists is taken, any other conflict unknown", async () => {
  const { store } = await open(
    answerStatus(409, "AlreadyExists", "it exists"),
    answerStatus(409, "Conflict", "try again"),
  );
  expect(await store.create(BLOCK)).toEqual({ kind: "taken" });
  expect(await store.create(BLOCK)).toMatchObject({ kind: "unknown" });
});

test.each([
  ["no answer", HANG_UP],
  ["an answer that is no block", answerJson(201, { kind: "Status" })],
])("after %s a create is unknown, and is not repeated", async (_what, answer) => {
  const { server, store } = await open(answer);
  expect(await store.create(BLOCK)).toMatchObject({ kind: "unknown" });
  expect(server.requests).toHaveLength(1);
});

test("who may not create blocks is told the permission", async () => {
  const { store } = await open(answerStatus(403, "Forbidden", "no"));
  await expect(store.create(BLOCK)).rejects.toMatchObject({
    code: "apiserver-refused",
    message: expect.stringContaining("needs the permission to create ipblocks.cluster-ipam.io"),
  });
});

test("a block that was read is not created again", async () => {
  const { server, store } = await open();
  await expect(store.create(STORED)).rejects.toThrow(RangeError);
  expect(server.requests).toEqual([]);
});

test("a delete names uid and resourceVersion", async () => {
  const { server, store } = await open(answerJson(200, {}), answerStatus(409, "Conflict", "other version"));
  expect(await store.delete(VERSION)).toEqual({ kind: "deleted" });
  expect(await store.delete(VERSION)).toEqual({ kind: "changed" });
  expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({
    preconditions: { uid: "u1", resourceVersion: "7" },
  });
});

test("lists are by node and by pool, page by page", async () => {
  const page = answerJson(200, { metadata: { continue: "t" }, items: [STORED] });
  const last = answerJson(200, { metadata: {}, items: [] });
  const { server, store } = await open(page, last, last);
  expect(await store.listByNode("n1", unending())).toEqual([STORED]);
  expect(await store.listByPool("lab,odd", unending())).toEqual([]);
  const targets = server.requests.map(({ target }) => decodeURIComponent(target));
  expect(targets[0]).toContain("fieldSelector=spec.node=n1");
  expect(targets[2]).toContain(String.raw`fieldSelector=spec.pool=lab\,odd`);
});
