import { attachedLease } from "@cluster-ipam/allocator/testing";
import { API_PATH, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { ControllerReplica } from "./src/controller-replica.ts";
import { createControllerAccount, ELECTION_LEASE } from "./src/controller-role.ts";
import { Run } from "./src/run.ts";
import { createPool, deletePool, removeLeases } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

/** A machine that has much else to do; a standby waits 15 s for a leader that is lost. */
const SOON_MS = 60_000;

describe("metrics of pools", () => {
  let run: Run;
  let controlPlane: ControlPlane;
  let replica: ControllerReplica;
  let standby: ControllerReplica;

  beforeAll(async () => {
    await requireTools(["etcd", "kube-apiserver", "cluster-ipam-controller"]);
    run = await Run.open();
    controlPlane = await ControlPlane.start(run);
    const kubeconfigPath = await createControllerAccount(run, controlPlane);
    // Held by nobody: the first replica need not wait for a leader that it has not seen.
    const { namespace, name } = ELECTION_LEASE;
    const free = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec: {} };
    await controlPlane.api.ensure(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, JSON.stringify(free));
    replica = await ControllerReplica.start(run, "r1", { kubeconfigPath });
    await waitFor(async () => ((await replica.isLeading()) ? true : undefined), {
      what: "the first replica to lead",
      timeoutMs: SOON_MS,
    });
    standby = await ControllerReplica.start(run, "r2", { kubeconfigPath });
  });
  afterAll(() => run?.close());

  async function lease(address: string, pool: string): Promise<void> {
    const draft = attachedLease(address, { node: "n1", pool });
    await controlPlane.api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, JSON.stringify(draft));
  }

  /** Waits until a replica shows this figure; undefined: no such series. */
  async function until(name: string, value: number | undefined, of: ControllerReplica = replica): Promise<void> {
    const look = async (): Promise<true | undefined> => ((await of.metric(name)) === value ? true : undefined);
    await waitFor(look, { what: `${name} of ${of.name} to be ${value}`, timeoutMs: SOON_MS });
  }

  it("are those of what the pool has, from its first lease to its last, and go with it", async () => {
    await createPool(controlPlane, "lab", { ranges: [{ subnet: "10.56.0.0/30" }] });
    await createPool(controlPlane, "wide", { ranges: [{ subnet: "fd00:56::/64" }] });
    await until('pool_capacity{pool="lab"}', 2);
    await lease("10.56.0.1", "lab");
    await lease("fd00:56::5", "wide");
    await until('pool_used{pool="lab"}', 1);
    expect(await replica.metric('pool_exhausted_since_timestamp_seconds{pool="lab"}')).toBeUndefined();
    const beforeS = Date.now() / 1_000;
    await lease("10.56.0.2", "lab");
    await until('pool_free{pool="lab"}', 0);
    const sinceS = (await replica.metric('pool_exhausted_since_timestamp_seconds{pool="lab"}')) ?? 0;
    // The condition's time is of whole seconds.
    expect(sinceS).toBeGreaterThanOrEqual(Math.floor(beforeS));
    expect(sinceS).toBeLessThanOrEqual(Date.now() / 1_000);
    expect(await replica.metric('pool_capacity{pool="wide"}')).toBe(2 ** 64);
    await until('pool_used{pool="wide"}', 1);
    expect(await replica.metric("pool_status_lag_seconds_count")).toBeGreaterThan(0);
    expect(await replica.metric('queue_wait_seconds_count{queue="pool-status"}')).toBeGreaterThan(0);
    expect(await replica.metric('queue_waiting{queue="kept-leases"}')).toBe(0);
    await removeLeases(controlPlane);
    await until('pool_used{pool="lab"}', 0);
    await until('pool_exhausted_since_timestamp_seconds{pool="lab"}', undefined);
    await deletePool(controlPlane, "wide");
    await until('pool_capacity{pool="wide"}', undefined);
    expect((await replica.page("/metrics"))?.text).not.toContain('pool="wide"');
  });

  it("are the leader's alone: one that has lost the lead without knowing shows none", async () => {
    await until('pool_capacity{pool="lab"}', 2);
    expect((await standby.page("/metrics"))?.text).not.toContain('pool="');
    replica.daemon.pause();
    await until('pool_capacity{pool="lab"}', 2, standby);
    // Asked before it goes on, so that this is among the first things that it hears of.
    const first = replica.page("/metrics", SOON_MS);
    await new Promise((resolve) => setTimeout(resolve, 500));
    replica.daemon.resume();
    expect((await first)?.status).toBe(200);
    expect((await first)?.text).not.toContain('pool="');
    await until('queue_waiting{queue="pool-status"}', undefined);
    expect(await standby.metric('pool_capacity{pool="lab"}')).toBe(2);
  });
});
