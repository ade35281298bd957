import { type Answer, answerJson, answerStatus, type ScriptedServer } from "@cluster-ipam/kube/testing";
import { expect, it } from "vitest";
import { ApiClusterFacts } from "./api-cluster-facts.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

async function open(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; facts: ApiClusterFacts }> {
  const { server, client } = await scriptedApi(...answers);
  return { server, facts: new ApiClusterFacts(client) };
}

it("a node is read by its name, with its labels and the networks of its pods", async () => {
  const labels = { "mlab/type": "physical" };
  const spec = { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24", "fd00:1::/64"] };
  const { server, facts } = await open(answerJson(200, { kind: "Node", metadata: { name: "n1", labels }, spec }));
  expect(await facts.node("n1", unending())).toEqual({ labels, podCidrs: spec.podCIDRs });
  expect(server.requests[0]?.target).toMatch(/^\/api\/v1\/nodes\/n1(\?|$)/);
});

it("a namespace is read by its name, with its labels", async () => {
  const { server, facts } = await open(answerJson(200, { metadata: { name: "shop", labels: { team: "a" } } }));
  expect(await facts.namespace("shop", unending())).toEqual({ labels: { team: "a" } });
  expect(server.requests[0]?.target).toMatch(/^\/api\/v1\/namespaces\/shop(\?|$)/);
});

it("what has no labels and no networks has none", async () => {
  const { facts } = await open(answerJson(200, { metadata: {} }), answerJson(200, { metadata: {} }));
  expect(await facts.node("n1", unending())).toEqual({ labels: {}, podCidrs: [] });
  expect(await facts.namespace("shop", unending())).toEqual({ labels: {} });
});

it("what is not there is undefined, and what may not be read an error that names the permission", async () => {
  const missing = await open(answerStatus(404, "NotFound", "no"), answerStatus(404, "NotFound", "no"));
  expect(await missing.facts.node("n1", unending())).toBeUndefined();
  expect(await missing.facts.namespace("shop", unending())).toBeUndefined();
  const forbidden = await open(answerStatus(403, "Forbidden", "no"), answerStatus(403, "Forbidden", "no"));
  await expect(forbidden.facts.node("n1", unending())).rejects.toThrow("the permission to get nodes");
  await expect(forbidden.facts.namespace("shop", unending())).rejects.toThrow("the permission to get namespaces");
});

it("an answer of another form is an error, not a node without labels", async () => {
  const { facts } = await open(answerJson(200, { kind: "Status" }));
  await expect(facts.node("n1", unending())).rejects.toThrow("is not a Node");
});
