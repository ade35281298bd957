import { attachedLease } from "@cluster-ipam/allocator/testing";
import { API_PATH, type IPLease, type IPPool, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";
import { GARBAGE_PACE } from "@cluster-ipam/controller";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { LocalController } from "./src/local-controller.ts";
import { createNode, taintOutOfService } from "./src/node-objects.ts";
import { countRequests, type RequestTotal, requestsBetween } from "./src/request-metrics.ts";
import { Run } from "./src/run.ts";
import { createPool, listLeases } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

/** Leases of one family in a pool; `capacity` is that of the subnet. */
interface Part {
  readonly subnet: string;
  readonly leases: number;
  readonly capacity: bigint;
  /** @returns the address of that number, from 0 on */
  readonly at: (index: number) => string;
}

/** 5,000 leases in all. */
const POOLS: Readonly<Record<string, readonly Part[]>> = {
  large: [ipv4("10.80", 1_500)],
  small: [ipv4("10.81", 1_000)],
  wide: [ipv6("fd00:80", 1_500)],
  narrow: [ipv6("fd00:81", 500)],
  dual: [ipv4("10.82", 250), ipv6("fd00:82", 250)],
};
const LEASES = 5_000;
/** Every fifth lease is of the node that gets lost: fewer than hold the brake. */
const NODES = ["lost", "n1", "n2", "n3", "n4"] as const;
const LOST_LEASES = LEASES / NODES.length;
/** Of each part: so many are created behind the others, and so many of n1's deleted. */
const BURST = { created: 40, deleted: 10 } as const;
const PARALLEL = 32;
/** One write in this time over a while, and one more out of the reserve. */
const STATUS_INTERVAL_MS = 5_000;
const LOOK_TIMEOUT_MS = 60_000;
const LOOK = { intervalMs: 200, leapMs: 1_000 } as const;
/** Releases at which the clock goes as the machine's does. */
const OBSERVED_RELEASES = 20;
/** A release is four requests. */
const RELEASE_TIMEOUT_MS = 100_000;

describe("the controller over thousands of leases", () => {
  let run: Run;
  let controlPlane: ControlPlane;
  let controller: LocalController;
  let startedAtMs: number;
  let listed: readonly RequestTotal[];
  /** What there is, by this test's own account: how many leases each part has. */
  const used = new Map(parts().map((part) => [part, part.leases]));

  beforeAll(async () => {
    await requireTools(["etcd", "kube-apiserver"]);
    run = await Run.open();
    controlPlane = await ControlPlane.start(run);
    for (const [name, own] of Object.entries(POOLS)) {
      await createPool(controlPlane, name, { ranges: own.map(({ subnet }) => ({ subnet })) });
    }
    for (const node of NODES) await createNode(controlPlane, node, { isReady: node !== "lost" });
    await createAll(parts().flatMap((part) => range(0, part.leases).map((index) => leaseOf(part, index))));
    const before = await controlPlane.requestTotals();
    controller = await LocalController.start(run, controlPlane);
    startedAtMs = controller.clock.nowMs();
    await untilExact();
    listed = await controlPlane.requestTotals();
    expect(countRequests(requestsBetween(before, listed), { verb: "LIST", resource: "ipleases" })).toBeGreaterThan(0);
  });
  afterAll(() => run?.close());

  it("every status is exact", async () => {
    expect(parts().reduce((sum, { leases }) => sum + leases, 0)).toBe(LEASES);
    expect(await readStatuses()).toEqual(expectedStatuses());
  });

  it("a burst of changes is in every status, and nothing is left of it afterwards", async () => {
    const created = parts().flatMap((part) =>
      range(part.leases, part.leases + BURST.created).map((index) => leaseOf(part, index, "n1")),
    );
    const deleted = parts().flatMap((part) => ofNode(part, "n1").slice(0, BURST.deleted));
    await Promise.all([createAll(created), deleteAll(deleted.map(({ metadata }) => metadata.name))]);
    for (const [part, count] of used) used.set(part, count + BURST.created - BURST.deleted);
    await untilExact();
    expect(await readStatuses()).toEqual(expectedStatuses());
  });

  it("a thousand leases of a lost node go, ten a second and no others, and the statuses follow", async () => {
    const lost = new Set(parts().flatMap((part) => ofNode(part, "lost").map(({ metadata }) => metadata.name)));
    expect(lost.size).toBe(LOST_LEASES);
    await taintOutOfService(controlPlane, "lost");
    await untilFirstRelease();
    await releaseAtPace();
    for (const part of parts()) used.set(part, (used.get(part) ?? 0) - ofNode(part, "lost").length);
    await untilExact();
    expect(await readStatuses()).toEqual(expectedStatuses());
  });

  it("all that took no other list of leases, and one write a pool in five seconds", async () => {
    const asked = requestsBetween(listed, await controlPlane.requestTotals());
    expect(countRequests(asked, { verb: "LIST", resource: "ipleases" })).toBe(0);
    expect(await controller.metric("lists_total", 'resource="ipleases"')).toBe(1);
    const passedMs = controller.clock.nowMs() - startedAtMs;
    const writes = countRequests(asked, { verb: "PUT", resource: "ippools", subresource: "status" });
    expect(writes).toBeGreaterThan(0);
    expect(writes).toBeLessThanOrEqual(Object.keys(POOLS).length * (passedMs / STATUS_INTERVAL_MS + 2));
  });

  it("and the leases are those that nobody gave back", async () => {
    const left = await listLeases(controlPlane);
    expect(left).toHaveLength([...used.values()].reduce((sum, count) => sum + count, 0));
    expect(left.filter(({ spec }) => spec.node === "lost")).toEqual([]);
  });

  function released(): Promise<number> {
    return controller.metric("garbage_total", 'kind="lease",reason="node-out-of-service",mode="on"');
  }

  /** Lets one look for garbage after the other begin: the watch may tell of the taint as late as it likes. */
  async function untilFirstRelease(): Promise<void> {
    const look = async (): Promise<true | undefined> => {
      controller.clock.leap(GARBAGE_PACE.roundMs);
      return (await released()) > 0 ? true : undefined;
    };
    await waitFor(look, { what: "the first lost lease to go", timeoutMs: LOOK_TIMEOUT_MS, intervalMs: 500 });
  }

  /** So many are given back as the machine's time passes, at which none may come too early; then time goes faster. */
  async function releaseAtPace(): Promise<void> {
    const startedMs = controller.clock.nowMs();
    const atFirst = await released();
    const look = async (): Promise<true | undefined> => {
      const count = (await released()) - atFirst;
      const passedMs = controller.clock.nowMs() - startedMs;
      expect(count).toBeLessThanOrEqual(passedMs / GARBAGE_PACE.pauseMs + 1);
      if (count >= OBSERVED_RELEASES) controller.clock.leap(GARBAGE_PACE.pauseMs);
      return count === LOST_LEASES - atFirst ? true : undefined;
    };
    await waitFor(look, { what: "the lost leases to go", timeoutMs: RELEASE_TIMEOUT_MS, intervalMs: 5 });
  }

  async function createAll(leases: readonly IPLease[]): Promise<void> {
    await inParallel(leases, (lease) =>
      controlPlane.api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, JSON.stringify(lease)),
    );
  }

  async function deleteAll(names: readonly string[]): Promise<void> {
    await inParallel(names, (name) =>
      controlPlane.api.send({ method: "DELETE", path: `${API_PATH}/${LEASE_RESOURCE}/${name}` }),
    );
  }

  /** Time goes faster meanwhile: a status is written every five seconds at most. */
  async function untilExact(): Promise<void> {
    const expected = expectedStatuses();
    let statuses: unknown;
    const isExact = async (): Promise<true | undefined> => {
      controller.clock.leap(LOOK.leapMs);
      statuses = await readStatuses();
      return JSON.stringify(statuses) === JSON.stringify(expected) ? true : undefined;
    };
    const { intervalMs } = LOOK;
    await waitFor(isExact, { what: "exact statuses", timeoutMs: LOOK_TIMEOUT_MS, intervalMs }).catch(() => {
      expect(statuses).toEqual(expected);
    });
  }

  async function readStatuses(): Promise<readonly object[]> {
    const { items } = (await controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}`)) as { readonly items: IPPool[] };
    return items.map(({ metadata: { name }, status }) => ({
      name,
      capacity: status?.capacity,
      used: status?.used,
      free: status?.free,
      outside: status?.outside,
    }));
  }

  function expectedStatuses(): readonly object[] {
    const names = Object.keys(POOLS).toSorted();
    return names.map((name) => {
      const own = POOLS[name] ?? [];
      const capacity = own.reduce((sum, part) => sum + part.capacity, 0n);
      const taken = own.reduce((sum, part) => sum + BigInt(used.get(part) ?? 0), 0n);
      return { name, capacity: `${capacity}`, used: `${taken}`, free: `${capacity - taken}`, outside: "0" };
    });
  }
});

function parts(): readonly Part[] {
  return Object.values(POOLS).flat();
}

/** The leases of a part that are filled on a node at first. */
function ofNode(part: Part, node: (typeof NODES)[number]): readonly IPLease[] {
  const leases = range(0, part.leases).map((index) => leaseOf(part, index));
  return leases.filter(({ spec }) => spec.node === node);
}

/** The lease of a pod that no server knows. */
function leaseOf(part: Part, index: number, node: string = NODES[index % NODES.length] ?? ""): IPLease {
  const [pool = ""] = Object.entries(POOLS).find(([, own]) => own.includes(part)) ?? [];
  const pod = { namespace: "default", name: `gone-${index}`, uid: `gone-${index}` };
  return attachedLease(part.at(index), { pool, node, pod, holder: `default/${pod.name}/net1` });
}

function ipv4(prefix: string, leases: number): Part {
  const at = (index: number): string => `${prefix}.${(index + 1) >> 8}.${(index + 1) & 255}`;
  return { subnet: `${prefix}.0.0/19`, leases, capacity: 8_190n, at };
}

function ipv6(prefix: string, leases: number): Part {
  const at = (index: number): string => `${prefix}::${(index + 1).toString(16)}`;
  return { subnet: `${prefix}::/64`, leases, capacity: (1n << 64n) - 1n, at };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
