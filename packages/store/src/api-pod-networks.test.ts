import { type Answer, answerJson, answerStatus, type ScriptedServer } from "@cluster-ipam/kube/testing";
import { expect, it } from "vitest";
import { ApiPodNetworks } from "./api-pod-networks.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const STATUS = '[{"name":"default/lan","interface":"net1","ips":["10.0.0.5"]}]';
const annotations = { "k8s.v1.cni.cncf.io/network-status": STATUS };
const signal = unending();

async function open(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; pods: ApiPodNetworks }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, pods: new ApiPodNetworks(client) };
}

function metadata(name: string, more: object = {}): object {
  return { namespace: "shop", name, uid: `u-${name}`, ...more };
}

it("the pods of a node are read from the server's memory, without those that have no network of their own", async () => {
  const ending = metadata("c", { annotations, deletionTimestamp: "2026-01-02T03:04:05Z" });
  const items = [{ metadata: metadata("a", { annotations }) }, { metadata: metadata("b") }, { metadata: ending }];
  const { server, pods } = await open(answerJson(200, { metadata: {}, items }));
  expect(await pods.ofNode("n1", signal)).toEqual([
    { namespace: "shop", name: "a", uid: "u-a", networkStatus: STATUS },
    { namespace: "shop", name: "b", uid: "u-b", networkStatus: "" },
  ]);
  const { pathname, searchParams } = new URL(server.requests[0]?.target ?? "", "https://api");
  expect(pathname).toBe("/api/v1/pods");
  expect(searchParams.get("resourceVersion")).toBe("0");
  expect(searchParams.get("fieldSelector")).toBe(
    "spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed,spec.hostNetwork=false",
  );
  expect(server.requests[0]?.headers.accept).toContain("as=PartialObjectMetadataList");
});

const ready = (status: string): object => ({ conditions: [{ type: "PodReadyToStartContainers", status }] });

it.each([
  ["runs", {}, { phase: "Running", ...ready("True") }],
  ["has not started its containers yet", {}, { phase: "Pending", ...ready("True") }],
  ["has a kubelet that does not tell of sandboxes", {}, { phase: "Running", conditions: [] }],
])("a pod that %s is read as it is now", async (_, more, status) => {
  const pod = { metadata: metadata("a", { annotations, ...more }), status };
  const { server, pods } = await open(answerJson(200, pod));
  const expected = { namespace: "shop", name: "a", uid: "u-a", networkStatus: STATUS };
  expect(await pods.running("shop", "a", signal)).toEqual(expected);
  const { pathname, searchParams } = new URL(server.requests[0]?.target ?? "", "https://api");
  expect([pathname, searchParams.get("resourceVersion")]).toEqual(["/api/v1/namespaces/shop/pods/a", null]);
});

it.each([
  ["is being deleted", { deletionTimestamp: "2026-01-02T03:04:05Z" }, { phase: "Running" }],
  ["has succeeded", {}, { phase: "Succeeded" }],
  ["has failed", {}, { phase: "Failed" }],
  ["has no sandbox", {}, { phase: "Running", ...ready("False") }],
])("a pod that %s is not running", async (_, more, status) => {
  const { pods } = await open(answerJson(200, { metadata: metadata("a", { annotations, ...more }), status }));
  expect(await pods.running("shop", "a", signal)).toBeUndefined();
});

it("a pod that is gone is not running, and a missing permission is an error that names it", async () => {
  const { pods } = await open(
    answerStatus(404, "NotFound", "no pod"),
    answerStatus(403, "Forbidden", "pods is forbidden"),
  );
  expect(await pods.running("shop", "a", signal)).toBeUndefined();
  await expect(pods.ofNode("n1", signal)).rejects.toMatchObject({ code: "apiserver-refused" });
});

it.each([
  ["no list", {}],
  ["a pod without a name", { items: [{ metadata: { namespace: "shop", uid: "u" } }] }],
])("%s is an error", async (_, body) => {
  const { pods } = await open(answerJson(200, { metadata: {}, ...body }));
  await expect(pods.ofNode("n1", signal)).rejects.toThrow(TypeError);
});
