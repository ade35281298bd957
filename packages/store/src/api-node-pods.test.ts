import { type Answer, answerJson, answerStatus, type ScriptedServer } from "@cluster-ipam/kube/testing";
import { expect, it } from "vitest";
import { ApiNodePods } from "./api-node-pods.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const ANNOTATIONS = { "kubernetes.io/config.hash": "h-1" };

function page(names: readonly string[], next?: string): Answer {
  const items = names.map((name) => ({ metadata: { namespace: "shop", name, uid: `u-${name}` } }));
  return answerJson(200, { metadata: next === undefined ? {} : { continue: next }, items });
}

async function open(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; pods: ApiNodePods }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, pods: new ApiNodePods(client, { pageSize: 2 }) };
}

it("the pods of a node are read by pages, by the indexed selector and without more than their metadata", async () => {
  const { server, pods } = await open(page(["a", "b"], "next"), page(["c"]));
  const found = await pods.list("n1", unending());
  expect(found.map(({ namespace, name, uid }) => `${namespace}/${name}/${uid}`)).toEqual([
    "shop/a/u-a",
    "shop/b/u-b",
    "shop/c/u-c",
  ]);
  const targets = server.requests.map(({ target }) => new URL(target, "https://api"));
  expect(targets.map(({ pathname }) => pathname)).toEqual(["/api/v1/pods", "/api/v1/pods"]);
  expect(targets.map(({ searchParams }) => searchParams.get("fieldSelector"))).toEqual(
    Array.from({ length: 2 }, () => "spec.nodeName=n1"),
  );
  expect(targets.map(({ searchParams }) => searchParams.get("continue"))).toEqual([null, "next"]);
  for (const { headers } of server.requests) expect(headers.accept).toContain("as=PartialObjectMetadataList");
});

it("a pod is read by its name, with its annotations", async () => {
  const metadata = { namespace: "shop", name: "web-0", uid: "u-1", annotations: ANNOTATIONS };
  const { server, pods } = await open(answerJson(200, { metadata }));
  expect(await pods.get("shop", "web-0", unending())).toEqual(metadata);
  expect(server.requests[0]?.target).toMatch(/^\/api\/v1\/namespaces\/shop\/pods\/web-0\?/);
  expect(server.requests[0]?.headers.accept).toContain("as=PartialObjectMetadata;");
});

it("a pod is read whole where its node is needed", async () => {
  const metadata = { namespace: "shop", name: "web-0", uid: "u-1", annotations: ANNOTATIONS };
  const { server, pods } = await open(answerJson(200, { metadata, spec: { nodeName: "n1" } }));
  expect(await pods.get("shop", "web-0", unending(), { needsNode: true })).toEqual({ ...metadata, node: "n1" });
  expect(server.requests[0]?.headers.accept).toBe("application/json");
});

it("a pod that is not there is undefined, and one that may not be read an error that names the permission", async () => {
  const missing = await open(answerStatus(404, "NotFound", "not found"));
  expect(await missing.pods.get("shop", "web-0", unending())).toBeUndefined();
  const forbidden = await open(answerStatus(403, "Forbidden", "no"));
  await expect(forbidden.pods.get("shop", "web-0", unending())).rejects.toThrow("the permission to get pods");
  await expect(forbidden.pods.list("n1", unending())).rejects.toThrow("the permission to list pods");
});

it("an answer that is no list of pods is an error, not an empty list", async () => {
  const { pods } = await open(answerJson(200, { kind: "Status" }));
  await expect(pods.list("n1", unending())).rejects.toThrow("has no items");
  const nameless = await open(answerJson(200, { items: [{ metadata: { name: "web-0" } }] }));
  await expect(nameless.pods.list("n1", unending())).rejects.toThrow("without namespace, name or uid");
});

it.each([
  ["a StatefulSet", [{ kind: "Pod" }, { kind: "StatefulSet", controller: true }], { controllerKind: "StatefulSet" }],
  ["an owner that does not control it", [{ kind: "StatefulSet", controller: false }], {}],
  ["nobody", undefined, {}],
])("a pod of %s is told as such", async (_, ownerReferences, expected) => {
  const metadata = { namespace: "shop", name: "web-0", uid: "u-1", ownerReferences };
  const { pods } = await open(answerJson(200, { metadata }));
  expect(await pods.get("shop", "web-0", unending())).toEqual({
    namespace: "shop",
    name: "web-0",
    uid: "u-1",
    annotations: {},
    ...expected,
  });
});
