import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "./src/command.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { ControllerReplica } from "./src/controller-replica.ts";
import { createControllerAccount, ELECTION_LEASE } from "./src/controller-role.ts";
import { Run } from "./src/run.ts";
import { requireTools, toolPath } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${ELECTION_LEASE.namespace}/leases/${ELECTION_LEASE.name}`;
/** What a standby waits after the last renewal that it saw. */
const LEASE_DURATION_MS = 15_000;
/** What a leader has from its last renewal. */
const RENEW_DEADLINE_MS = 10_000;
/** Within this somebody else leads after a leader was lost. */
const FAILOVER_MS = 20_000;
/** Far less than a standby waits for a leader that is lost; two seconds, and what a busy machine adds. */
const HANDOVER_MS = 8_000;
const SLACK_MS = 10_000;
const LOOK_TIMEOUT_MS = 500;
const LOOK_INTERVAL_MS = 200;

let run: Run;
let controlPlane: ControlPlane;
let kubeconfigPath: string;
let replicas: ControllerReplica[];
let watch: Watch;
let started = 0;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "cluster-ipam-controller"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
  kubeconfigPath = await createControllerAccount(run, controlPlane);
  replicas = [await startReplica(), await startReplica()];
  watch = new Watch();
});

afterAll(async () => {
  await watch?.end();
  await run?.close();
});

describe("S15: one of two controllers leads", () => {
  it("from their start, when whoever might have led before has surely noticed; the other is ready too", async () => {
    const leader = await untilOneLeads(LEASE_DURATION_MS + SLACK_MS);
    for (const replica of replicas) {
      expect(await replica.page("/healthz")).toEqual({ status: 200, text: "ok\n" });
      expect(await replica.page("/readyz")).toEqual({ status: 200, text: "ok\n" });
    }
    const { metadata, spec } = await lease();
    // In whole seconds, the rest cut off.
    const madeAtMs = Date.parse(metadata.creationTimestamp);
    expect((await ledSinceMs(leader)) - madeAtMs).toBeGreaterThanOrEqual(LEASE_DURATION_MS);
    expect(spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(spec["holderIdentity"]).toMatch(new RegExp(`^${leader.name}_[0-9a-f-]{36}$`));
    expect(await leader.metric('apiserver_requests_total{method="POST",status="201"}')).toBe(1);
  });

  it("and the other one does when the leader is killed", async () => {
    const leader = await untilOneLeads(FAILOVER_MS);
    const other = otherThan(leader);
    await leader.daemon.kill();
    await untilLeads(other, FAILOVER_MS);
    expect((await lease()).spec).toMatchObject({ leaseTransitions: 1 });
    replicas = [other, await startReplica()];
  });

  it("and the other one does at once when the leader is told to end", async () => {
    const leader = await untilOneLeads(FAILOVER_MS);
    const other = otherThan(leader);
    expect(await leader.daemon.stop()).toBe(0);
    await untilLeads(other, HANDOVER_MS);
    expect(await leader.daemon.log()).toContain('"reason":"shutdown","msg":"this replica leads no more"');
    replicas = [other, await startReplica()];
  });

  it("and one that was stopped in its tracks does not believe to lead when it goes on", async () => {
    const leader = await untilOneLeads(FAILOVER_MS);
    const other = otherThan(leader);
    leader.daemon.pause();
    await untilLeads(other, FAILOVER_MS);
    // Asked before it goes on, so that this is among the first things that it hears of.
    const first = leader.metric("leading", FAILOVER_MS);
    await new Promise((resolve) => setTimeout(resolve, LOOK_TIMEOUT_MS));
    leader.daemon.resume();
    expect(await first).toBe(0);
    const hasNoticed = async (): Promise<true | undefined> => {
      const ended = (await leader.metric('terms_ended_total{reason="deadline"}')) ?? 0;
      return ended > 0 ? true : undefined;
    };
    await waitFor(hasNoticed, { what: "the old leader to notice", timeoutMs: SLACK_MS });
    expect(await other.isLeading()).toBe(true);
  });

  it("until the API server is away for longer than a leader has; one does again when it is back", async () => {
    const leader = await untilOneLeads(FAILOVER_MS);
    controlPlane.server.pause();
    const hasSteppedDown = async (): Promise<true | undefined> => ((await leader.isLeading()) ? undefined : true);
    await waitFor(hasSteppedDown, { what: "the leader to step down", timeoutMs: RENEW_DEADLINE_MS + SLACK_MS });
    expect(await leader.page("/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await leader.daemon.log()).toContain('"reason":"deadline","msg":"this replica leads no more"');
    await new Promise((resolve) => setTimeout(resolve, RENEW_DEADLINE_MS));
    expect(await Promise.all(replicas.map((replica) => replica.isLeading()))).toEqual([false, false]);
    // What was sent meanwhile is served now, long after anybody waits for it.
    controlPlane.server.resume();
    await untilOneLeads(FAILOVER_MS);
  });

  it("and goes on doing so across a restart of the API server", async () => {
    await untilOneLeads(FAILOVER_MS);
    await controlPlane.server.restart();
    controlPlane.api.disconnect();
    const before = (await lease()).spec["renewTime"];
    const isRenewed = async (): Promise<true | undefined> =>
      (await lease()).spec["renewTime"] === before ? undefined : true;
    await waitFor(isRenewed, { what: "the Lease to be renewed", timeoutMs: FAILOVER_MS });
    expect(await untilOneLeads(FAILOVER_MS)).toBeDefined();
  });

  it("and one does again when somebody has removed the Lease", async () => {
    const leader = await untilOneLeads(FAILOVER_MS);
    const endings = (await leader.metric('terms_ended_total{reason="taken"}')) ?? 0;
    expect(await controlPlane.api.send({ method: "DELETE", path: LEASE })).toMatchObject({ status: 200 });
    const hasNoticed = async (): Promise<true | undefined> => {
      const now = (await leader.metric('terms_ended_total{reason="taken"}')) ?? 0;
      return now > endings ? true : undefined;
    };
    await waitFor(hasNoticed, { what: "the leader to notice", timeoutMs: SLACK_MS });
    await untilOneLeads(LEASE_DURATION_MS + SLACK_MS);
    expect((await lease()).spec).toMatchObject({ leaseTransitions: 0 });
  });

  it("and at no time did two", async () => {
    await watch.end();
    expect(watch.looks).toBeGreaterThan(20);
    expect(watch.finds).toEqual([]);
  });
});

it("the program that is built tells its flags, and refuses others", async () => {
  const program = toolPath("cluster-ipam-controller");
  expect((await runCommand([program, "--help"])).stdout).toContain("--leader-election-name NAME");
  expect(await runCommand([program, "--verbose"])).toMatchObject({ exitCode: 64, stdout: "" });
});

it("a replica that may not make the Lease says so, and is not ready", async () => {
  const flags = ["--leader-election-namespace=default"];
  const stranger = await ControllerReplica.start(run, "stranger", { kubeconfigPath, flags });
  const isTold = async (): Promise<true | undefined> =>
    (await stranger.daemon.log()).includes('cannot get resource \\"leases\\"') ? true : undefined;
  await waitFor(isTold, { what: "the refusal in the log", timeoutMs: SLACK_MS });
  expect(await stranger.page("/readyz")).toMatchObject({ status: 503 });
  expect(await stranger.page("/healthz")).toMatchObject({ status: 200 });
  expect(await stranger.daemon.stop()).toBe(0);
});

/** Asks all the time who leads. */
class Watch {
  looks = 0;
  readonly finds: string[] = [];
  readonly #ended = new AbortController();
  readonly #watching: Promise<void> = this.#look();

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#watching;
  }

  async #look(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const [a, b] = replicas;
      const leading: boolean[] = [];
      // One after the other: the first is asked again, since it may have given the lead up meanwhile.
      for (const replica of [a, b, a]) leading.push((await replica?.isLeading(LOOK_TIMEOUT_MS)) === true);
      if (leading.every(Boolean)) this.finds.push(`${a?.name} and ${b?.name} lead`);
      this.looks += 1;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }
}

async function startReplica(): Promise<ControllerReplica> {
  started += 1;
  return await ControllerReplica.start(run, `r${started}`, { kubeconfigPath });
}

function otherThan(leader: ControllerReplica): ControllerReplica {
  const other = replicas.find((replica) => replica !== leader);
  if (other === undefined) throw new Error("there is no other replica");
  return other;
}

async function untilLeads(replica: ControllerReplica, timeoutMs: number): Promise<void> {
  const isSo = async (): Promise<true | undefined> => ((await replica.isLeading()) ? true : undefined);
  await waitFor(isSo, { what: `${replica.name} to lead`, timeoutMs });
}

async function untilOneLeads(timeoutMs: number): Promise<ControllerReplica> {
  const find = async (): Promise<ControllerReplica | undefined> => {
    for (const replica of replicas) if (await replica.isLeading()) return replica;
    return undefined;
  };
  return await waitFor(find, { what: "one of the replicas to lead", timeoutMs });
}

/** When a replica began to lead first, as its log says. */
async function ledSinceMs(replica: ControllerReplica): Promise<number> {
  const line = (await replica.daemon.log()).split("\n").find((candidate) => candidate.includes('"this replica leads"'));
  return Date.parse((JSON.parse(line ?? "{}") as { readonly time: string }).time);
}

interface StoredLease {
  readonly metadata: { readonly creationTimestamp: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

async function lease(): Promise<StoredLease> {
  return (await controlPlane.api.get(LEASE)) as StoredLease;
}
