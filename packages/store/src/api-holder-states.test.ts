import type { HolderState } from "@cluster-ipam/allocator";
import { attachedLease } from "@cluster-ipam/allocator/testing";
import type { IPLease, IPLeaseSpec } from "@cluster-ipam/api";
import { type Answer, answerJson, answerStatus, cutBody, HANG, type ScriptedServer } from "@cluster-ipam/kube/testing";
import { expect, it } from "vitest";
import { ApiHolderStates } from "./api-holder-states.ts";
import { scriptedApi, unending } from "./testing/scripted-api.ts";

const UID = "u-1";
const POD = podThat({ uid: UID });
const NODE = nodeThat("True");
const NOT_FOUND = answerStatus(404, "NotFound", "not found");
const FORBIDDEN = answerStatus(403, "Forbidden", "no");

function podThat(metadata: object, spec: object = {}): Answer {
  return answerJson(200, { metadata: { namespace: "shop", name: "web-0", ...metadata }, spec });
}

function nodeThat(status: string): Answer {
  const conditions = [
    { type: "DiskPressure", status: "False" },
    { type: "Ready", status },
  ];
  return answerJson(200, { status: { conditions } });
}

function lease(spec: Partial<IPLeaseSpec> = {}): IPLease {
  return attachedLease("10.0.0.5", { pod: { namespace: "shop", name: "web-0", uid: UID }, node: "n1", ...spec });
}

it.each<readonly [string, Answer, Answer, HolderState]>([
  ["both are there", POD, NODE, { pod: "there", node: "Ready" }],
  ["the pod is gone", NOT_FOUND, NODE, { pod: "gone", node: "Ready" }],
  ["another pod has the name", podThat({ uid: "u-2" }), NODE, { pod: "gone", node: "Ready" }],
  [
    "the pod is a static one, known by its hash",
    podThat({ uid: "u-2", annotations: { "kubernetes.io/config.hash": UID } }),
    NODE,
    { pod: "there", node: "Ready" },
  ],
  [
    "the pod is a static one, known by what its mirror says",
    podThat({ uid: "u-2", annotations: { "kubernetes.io/config.mirror": UID } }),
    NODE,
    { pod: "there", node: "Ready" },
  ],
  ["the answer is no pod", answerJson(200, { kind: "Status" }), NODE, { pod: "unknown", node: "Ready" }],
  ["the node is not ready", POD, nodeThat("False"), { pod: "there", node: "NotReady" }],
  ["nobody hears of the node", POD, nodeThat("Unknown"), { pod: "there", node: "NotReady" }],
  ["the node has never said anything", POD, answerJson(200, {}), { pod: "there", node: "unknown" }],
  ["the node is gone", NOT_FOUND, NOT_FOUND, { pod: "gone", node: "absent" }],
  ["neither may be read", FORBIDDEN, FORBIDDEN, { pod: "unknown", node: "unknown" }],
  ["the server fails", answerStatus(500, "InternalError", "no"), NODE, { pod: "unknown", node: "Ready" }],
  ["an answer is cut off", POD, cutBody(200), { pod: "there", node: "unknown" }],
])("what the API server has is told when %s, with one GET of each", async (_, pod, node, expected) => {
  const { server, states } = await open({ pod, node });
  expect(await states.look(lease(), unending())).toEqual(expected);
  expect(server.requests.map(({ method, target }) => `${method} ${target.split("?", 1)[0]}`).toSorted()).toEqual([
    "GET /api/v1/namespaces/shop/pods/web-0",
    "GET /api/v1/nodes/n1",
  ]);
});

it.each([
  ["is the one that has the name on the lease's node", "n1", "there"],
  ["is gone where the one that has the name is on another node", "n2", "gone"],
])("a pod whose uid the runtime did not tell %s", async (_, nodeName, pod) => {
  const { states } = await open({ pod: podThat({ uid: UID }, { nodeName }), node: NODE });
  const spec = { pod: { namespace: "shop", name: "web-0", uid: "" } };
  expect(await states.look(lease(spec), unending())).toEqual({ pod, node: "Ready" });
});

it("a lease without a pod costs no look at one", async () => {
  const { server, states } = await open({ pod: POD, node: NODE });
  const { pod: _, ...spec } = lease().spec;
  expect(await states.look({ ...lease(), spec }, unending())).toEqual({ pod: "unknown", node: "Ready" });
  expect(server.requests).toHaveLength(1);
});

it("a server that keeps silent costs the time of the look, and no error", async () => {
  const { states } = await open({ pod: HANG, node: HANG, timeoutMs: 200 });
  const startedAtMs = performance.now();
  expect(await states.look(lease(), unending())).toEqual({ pod: "unknown", node: "unknown" });
  expect(performance.now() - startedAtMs).toBeLessThan(1_500);
});

it("a call that ends ends the look, without an error", async () => {
  const { states } = await open({ pod: HANG, node: HANG });
  const ending = new AbortController();
  const looking = states.look(lease(), ending.signal);
  ending.abort(new Error("deadline"));
  expect(await looking).toEqual({ pod: "unknown", node: "unknown" });
});

interface Scripted {
  readonly pod: Answer;
  readonly node: Answer;
  readonly timeoutMs?: number;
}

async function open({ pod, node, ...options }: Scripted): Promise<{ server: ScriptedServer; states: ApiHolderStates }> {
  const { server, client } = await scriptedApi((response, request) =>
    (request.target.includes("/pods/") ? pod : node)(response, request),
  );
  return { server, states: new ApiHolderStates(client, options) };
}
