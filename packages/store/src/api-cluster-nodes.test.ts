import { type Answer, answerJson, answerStatus, type ScriptedServer } from "@cluster-ipam/kube/testing";
import { expect, it } from "vitest";
import { ApiClusterNodes } from "./api-cluster-nodes.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const signal = unending();

async function open(answer: Answer): Promise<{ server: ScriptedServer; nodes: ApiClusterNodes }> {
  const { server, client } = await scriptedApi(answer);
  return { server, nodes: new ApiClusterNodes(client) };
}

it("a node is read by its name, with its condition Ready and the taint that says it is off", async () => {
  const taints = [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }];
  const status = { conditions: [{ type: "Ready", status: "Unknown" }] };
  const { server, nodes } = await open(answerJson(200, { metadata: { name: "n1" }, spec: { taints }, status }));
  expect(await nodes.read("n1", signal)).toEqual({ isReady: false, isOutOfService: true });
  expect(server.requests[0]?.target).toMatch(/^\/api\/v1\/nodes\/n1(\?|$)/);
});

it("a node that is not there is undefined, and only the server's own word makes it so", async () => {
  const missing = await open(answerStatus(404, "NotFound", "no"));
  expect(await missing.nodes.read("n1", signal)).toBeUndefined();
  const forbidden = await open(answerStatus(403, "Forbidden", "no"));
  await expect(forbidden.nodes.read("n1", signal)).rejects.toThrow("the permission to get nodes");
  const garbled = await open(answerJson(200, { kind: "Status" }));
  await expect(garbled.nodes.read("n1", signal)).rejects.toThrow("is not a Node");
});
