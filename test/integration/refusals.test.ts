import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { agentUser, STRANGER } from "./src/control-plane.ts";
import type { Daemon } from "./src/daemon.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, removeLeases, waitForNoLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", name: "guarded", type: "macvlan", ipam: { type: "cluster-ipam" } };
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const REASON_TIMEOUT_MS = 15_000;
/** Longer than the longest pause of the agent between two tries at a release. */
const RELEASE_TIMEOUT_MS = 45_000;

describe("an agent that is absent, or that the API server refuses", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;
  let agent: Daemon | undefined;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await createPool(cluster.controlPlane, "guarded", { ranges: [{ subnet: "10.62.0.0/24" }] });
    node = cluster.node("n1");
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    await agent?.kill();
    agent = undefined;
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("no agent: ADD and CHECK say which socket nobody answers on, after 3 s", async () => {
    const startedAtMs = performance.now();
    const calls = (["ADD", "CHECK"] as const).map((command) => ({ ...addCall("alone", NETWORK), command }));
    const outcomes = await Promise.all(calls.map((call) => callPlugin(node.socketPath, call)));
    expect(performance.now() - startedAtMs).toBeGreaterThan(2_500);
    for (const { code, msg } of outcomes.map(errorOf)) {
      expect(code).toBe(11);
      expect(msg).toContain(node.socketPath);
      expect(msg).toContain("is the cluster-ipam agent running on this node?");
    }
  });

  it("no agent: DEL succeeds, and the lease goes once an agent is there again", async () => {
    await startAgent(agentUser("n1"));
    const call = addCall("torn-down", NETWORK);
    resultOf(await callPlugin(node.socketPath, call));
    await node.agent.kill();

    expect(await callPlugin(node.socketPath, delCall(call))).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(1);

    await startAgent(agentUser("n1"));
    await waitForNoLeases(cluster.controlPlane, RELEASE_TIMEOUT_MS);
  });

  it.each([
    {
      who: "a user without a permission",
      user: STRANGER,
      status: 403,
      says: "the permission to list ipleases.cluster-ipam.io",
    },
    {
      who: "a token that the server does not know",
      user: "nobody",
      status: 401,
      says: "the agent's credentials are not valid",
    },
  ])("$who: ADD says what was refused and what is missing, DEL succeeds", async ({ user, status, says }) => {
    await startAgent(user);
    const call = addCall("refused", NETWORK);
    const reason = await waitFor(
      async () => {
        const { code, msg } = errorOf(await callPlugin(node.socketPath, call));
        expect(code).toBe(11);
        return msg.includes(`(${status})`) ? msg : undefined;
      },
      { what: "the agent to learn that it is refused", timeoutMs: REASON_TIMEOUT_MS },
    );
    expect(reason).toContain(says);
    expect(await callPlugin(node.socketPath, delCall(call))).toMatchObject({ kind: "success", stdout: "" });
  });

  it("may read but not write: ADD names the permission to create, and DEL succeeds", async () => {
    await grant(["get", "list"]);
    await startAgent(STRANGER);
    const call = addCall("read-only", NETWORK);
    const { code, msg } = errorOf(await callPlugin(node.socketPath, call));
    expect(code).toBe(11);
    expect(msg).toContain("the agent needs the permission to create ipleases.cluster-ipam.io");
    const inline = addCall("read-only-inline", { ...NETWORK, ipam: { type: "cluster-ipam", subnet: "10.63.0.0/24" } });
    const pool = errorOf(await callPlugin(node.socketPath, inline));
    expect(pool.msg).toContain("the agent needs the permission to create ippools.cluster-ipam.io");
    for (const add of [call, inline])
      expect(await callPlugin(node.socketPath, delCall(add))).toMatchObject({ stdout: "" });
  });

  it("may not delete: DEL succeeds, and the lease goes once the permission is there", async () => {
    await grant(["get", "list", "create"]);
    await startAgent(STRANGER);
    const call = addCall("keeps", NETWORK);
    resultOf(await callPlugin(node.socketPath, call));
    expect(await callPlugin(node.socketPath, delCall(call))).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(1);

    await grant(["get", "list", "create", "delete"]);
    await waitForNoLeases(cluster.controlPlane, RELEASE_TIMEOUT_MS);
  });

  it("the whole agent's role is enough: ADD and DEL succeed", async () => {
    await startAgent(agentUser("n1"));
    const call = addCall("granted", NETWORK);
    expect(resultOf(await callPlugin(node.socketPath, call)).ips).toHaveLength(1);
    expect(await callPlugin(node.socketPath, delCall(call))).toMatchObject({ kind: "success", stdout: "" });
  });

  async function startAgent(user: string): Promise<void> {
    await node.startAgent({ kubeconfigPath: await cluster.controlPlane.kubeconfigFor(user) });
    agent = node.agent;
  }

  /** Lets the stranger do this much with leases and pools. */
  async function grant(verbs: readonly string[]): Promise<void> {
    const { api } = cluster.controlPlane;
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const metadata = { name: "part" };
    const rules = [{ apiGroups: ["cluster-ipam.io"], resources: ["ipleases", "ippools"], verbs }];
    const role = JSON.stringify({ apiVersion, kind: "ClusterRole", metadata, rules });
    await api.ensure(`${RBAC}/clusterroles`, role);
    await api.send({ method: "PUT", path: `${RBAC}/clusterroles/part`, body: role });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "part" };
    const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: STRANGER }];
    const binding = { apiVersion, kind: "ClusterRoleBinding", metadata, roleRef, subjects };
    await api.ensure(`${RBAC}/clusterrolebindings`, JSON.stringify(binding));
    const path = `${RBAC.replace("rbac.authorization", "authorization")}/subjectaccessreviews`;
    await waitFor(
      async () => {
        const resourceAttributes = { group: "cluster-ipam.io", resource: "ipleases", verb: verbs.at(-1) };
        const spec = { user: STRANGER, resourceAttributes };
        const body = JSON.stringify({ apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec });
        const review = JSON.parse((await api.send({ method: "POST", path, body })).text) as {
          readonly status?: { readonly allowed?: boolean };
        };
        return review.status?.allowed === true ? true : undefined;
      },
      { what: "the permission to be in force", timeoutMs: 10_000 },
    );
  }
});
