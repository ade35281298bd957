import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { never, written } from "../testing/agent-world.ts";
import { attachmentOf } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";
import { settleInterface, settlePending, settlePendingUntil } from "./settle-pending.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.5"],
  ["IPv6", "fd00::5"],
] as const;
const RECHECK_MS = 120_000;
const DEL = { attachment: attachmentOf(), startedAtNs: 2_000n };

let world: MemoryWorld;
let ended: AbortController;

beforeEach(async () => {
  world = memoryWorld();
  ended = new AbortController();
  await world.load();
  world.leases.faults.calls.length = 0;
});

afterEach(() => ended.abort());

function round(signal = never()): Promise<void> {
  return settlePending(signal, world.agent);
}

function names(): string[] {
  return world.leases.snapshot().map(({ metadata }) => metadata.name);
}

/** A draft of the lease: what is left in hand when a create had no answer. */
function draftOf(address: string): IPLease {
  const lease = leaseOf(address);
  return { ...lease, metadata: { name: lease.metadata.name } };
}

describe.each(FAMILIES)("a pending %s lease", (_, address) => {
  test("that the server shows in the hands of its attachment is released", async () => {
    const lease = await written(world.leases, leaseOf(address));
    world.agent.pending.addLease(lease);
    await round();
    expect(names()).toEqual([]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("that has another version by now is released all the same", async () => {
    const lease = await written(world.leases, leaseOf(address));
    await world.leases.replace(lease);
    world.agent.pending.addLease(lease);
    await round();
    expect(names()).toEqual([]);
  });

  test.each([
    ["another container", { containerID: "c2" }],
    ["another interface", { ifName: "net2" }],
    ["another network", { network: "wan" }],
    ["another node", { node: "n2" }],
  ])("that is in the hands of %s is left alone and not looked for again", async (_hands, spec) => {
    world.agent.pending.addLease(leaseOf(address));
    await written(world.leases, leaseOf(address, spec));
    await round();
    expect(names()).toHaveLength(1);
    expect(world.agent.pending.size).toBe(0);
  });

  test("that a later ADD of the same attachment has as its own is left alone", async () => {
    const lease = await written(world.leases, leaseOf(address));
    world.agent.pending.addLease(lease);
    world.agent.attachments.put(lease);
    await round();
    expect(names()).toHaveLength(1);
    expect(world.agent.pending.size).toBe(0);
  });

  test("that is taken over between look and delete is left alone", async () => {
    const lease = await written(world.leases, leaseOf(address));
    const looked = Promise.withResolvers<void>();
    world.agent.pending.addLease(lease);
    world.leases.faults.failWrites("delete", { kind: "held", until: looked.promise });
    const settling = round();
    await world.clock.advance(0);
    await world.leases.replace({ ...lease, spec: { ...lease.spec, containerID: "c2" } });
    looked.resolve();
    await settling;
    expect(world.leases.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c2"]);
    expect(world.agent.pending.size).toBe(0);
  });
});

describe.each(FAMILIES)("an uncertain %s lease", (_, address) => {
  test("is released when it appears late", async () => {
    world.agent.pending.addUncertain(draftOf(address));
    await round();
    expect(world.agent.pending.size).toBe(1);
    await written(world.leases, leaseOf(address));
    await round();
    expect(names()).toEqual([]);
  });

  test("is looked for until no request can bring it any more, though it was released once", async () => {
    world.agent.pending.addUncertain(draftOf(address));
    await written(world.leases, leaseOf(address));
    await round();
    expect(names()).toEqual([]);
    // The create was sent twice: the second may arrive after the first has been undone.
    await written(world.leases, leaseOf(address));
    await world.clock.advance(RECHECK_MS - 1);
    await round();
    expect(names()).toEqual([]);
    expect(world.agent.pending.size).toBe(1);
    await world.clock.advance(2);
    await round();
    expect(world.agent.pending.size).toBe(0);
  });

  test("is looked for on while somebody else has the address", async () => {
    const other = await written(world.leases, leaseOf(address, { containerID: "c2" }));
    world.agent.pending.addUncertain(draftOf(address));
    await round();
    expect(names()).toHaveLength(1);
    const { name, uid = "", resourceVersion = "" } = other.metadata;
    await world.leases.delete({ name, uid, resourceVersion });
    await written(world.leases, leaseOf(address));
    await round();
    expect(names()).toEqual([]);
  });

  test("is released where it was taken over from a sandbox that memory still has it for", async () => {
    const earlier = await written(world.leases, leaseOf(address, { containerID: "c0" }));
    world.agent.attachments.load([earlier], 0);
    const taken = { ...earlier, spec: { ...earlier.spec, containerID: "c1" } };
    await world.leases.replace(taken);
    world.agent.pending.addUncertain(taken);
    await round();
    expect(names()).toEqual([]);
  });

  test("is seen by a last look that began after the time was over", async () => {
    world.agent.pending.addUncertain(draftOf(address));
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failReads("get", { kind: "held", until: answered.promise });
    const settling = round();
    await world.clock.advance(RECHECK_MS + 1);
    answered.resolve();
    await settling;
    expect(world.agent.pending.size).toBe(1);
    await round();
    expect(world.agent.pending.size).toBe(0);
  });
});

/** Of an ADD that began after the DEL. */
const LATER = { addedAt: { bootID: "boot-1", bootTimeNs: "9000" } };

describe("a pending DEL", () => {
  test("releases all that the server shows for its attachment, IPv4 and IPv6", async () => {
    for (const [, address] of FAMILIES) await written(world.leases, leaseOf(address));
    await written(world.leases, leaseOf("10.0.0.9", { ifName: "net2" }));
    world.agent.pending.addAttachment(DEL);
    await round();
    expect(names()).toEqual(["10.0.0.9"]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("leaves alone what an ADD took that began after it, and releases the rest", async () => {
    await written(world.leases, leaseOf("10.0.0.5"));
    world.agent.attachments.put(await written(world.leases, leaseOf("10.0.0.6", LATER)));
    world.agent.pending.addAttachment(DEL);
    await round();
    expect(names()).toEqual(["10.0.0.6"]);
    expect(world.agent.pending.size).toBe(0);
  });
});

test("a list that was read before an ADD of the same attachment does not hit what that has", async () => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
  const other = { ...DEL.attachment, containerId: "c0" };
  for (const containerID of ["c0", "c1"]) {
    world.agent.attachments.put(
      await written(world.leases, leaseOf(containerID === "c0" ? "10.0.0.4" : "10.0.0.5", { containerID })),
    );
  }
  world.agent.pending.addAttachment({ ...DEL, attachment: other }, RECHECK_MS);
  world.agent.pending.addAttachment(DEL, RECHECK_MS);
  const answered = Promise.withResolvers<void>();
  world.leases.faults.failWrites("delete", { kind: "held", until: answered.promise });
  const settling = round();
  await world.clock.advance(0);
  const refused = new IpamError("apiserver-refused", "no permission to list");
  world.leases.faults.failReads("listByNode", { kind: "refused", error: refused });
  expect(await world.addOne({ startedAtNs: 3_000n })).toBe("10.0.0.5");
  answered.resolve();
  await settling;
  expect(names()).toEqual(["10.0.0.5"]);
});

test("many releases cost one list, and a few deletes at a time", async () => {
  let underWay = 0;
  let most = 0;
  const { leases } = world;
  const slow = new Proxy(leases, {
    get: (store, key) => {
      if (key !== "delete") return Reflect.get(store, key).bind?.(store) ?? Reflect.get(store, key);
      return async (...args: Parameters<typeof store.delete>) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise(setImmediate);
        underWay -= 1;
        return store.delete(...args);
      };
    },
  });
  const agent = { ...world.agent, store: slow };
  for (let number = 1; number <= 90; number += 1) {
    const containerID = `c${number}`;
    await written(leases, leaseOf(`10.0.0.${number}`, { containerID }));
    agent.pending.addAttachment({ ...DEL, attachment: { ...DEL.attachment, containerId: containerID } }, RECHECK_MS);
  }
  leases.faults.calls.length = 0;
  const settling = settlePending(never(), agent);
  for (let turn = 0; turn < 200; turn += 1) await world.clock.advance(1);
  await settling;
  expect(names()).toEqual([]);
  expect(most).toBe(8);
  expect(leases.faults.calls.filter(({ operation }) => operation === "listByNode")).toHaveLength(1);
});

describe("what cannot be settled", () => {
  const refused = { kind: "refused", error: new IpamError("apiserver-refused", "no permission to delete") } as const;

  test("stays pending, is told to the log and keeps nothing else from being settled", async () => {
    world.agent.pending.addLease(await written(world.leases, leaseOf("10.0.0.5")));
    world.agent.pending.addLease(await written(world.leases, leaseOf("fd00::5", { containerID: "c2" })));
    world.leases.faults.failWrites("delete", refused);
    await round();
    expect(names()).toEqual(["10.0.0.5"]);
    expect(world.agent.pending.size).toBe(1);
    expect(world.lines.with("pending release failed and will be tried again")).toHaveLength(1);
    await round();
    expect(names()).toEqual([]);
  });

  test("is asked of a server that is away once a round, however much there is", async () => {
    for (const ifName of ["net1", "net2", "net3"]) {
      world.agent.pending.addAttachment({ ...DEL, attachment: { ...DEL.attachment, ifName } });
    }
    world.leases.faults.calls.length = 0;
    const away = new IpamError("apiserver-unreachable", "no answer");
    world.leases.faults.failReads("listByNode", { kind: "refused", error: away });
    await round();
    expect(world.leases.faults.calls).toHaveLength(1);
    expect(world.agent.pending.size).toBe(3);
  });

  test("is tried again, more and more rarely, until the server is back", async () => {
    world.agent.pending.addLease(await written(world.leases, leaseOf("10.0.0.5")));
    world.leases.faults.calls.length = 0;
    world.leases.faults.failWrites("delete", ...Array.from({ length: 6 }, () => ({ kind: "lost" }) as const));
    void settlePendingUntil(ended.signal, world.agent);
    const triesAtS: number[] = [];
    for (let second = 1; second <= 45; second += 1) {
      await world.clock.advance(1_000);
      if (world.leases.faults.calls.splice(0).some(({ operation }) => operation === "delete")) triesAtS.push(second);
    }
    expect(triesAtS).toEqual([1, 3, 7, 15, 25, 35, 45]);
    expect(names()).toEqual([]);
  });

  test("asks nothing of the server once nothing is pending, and begins anew with what comes then", async () => {
    void settlePendingUntil(ended.signal, world.agent);
    await world.clock.advance(600_000);
    expect(world.leases.faults.calls).toEqual([]);
    world.agent.pending.addLease(await written(world.leases, leaseOf("fd00::5")));
    await world.clock.advance(1_000);
    expect(names()).toEqual([]);
  });

  test("does not keep the agent from ending", async () => {
    const running = settlePendingUntil(ended.signal, world.agent);
    world.leases.faults.goAway();
    world.agent.pending.addAttachment(DEL);
    await world.clock.advance(1_000);
    ended.abort();
    await running;
    expect(world.agent.pending.size).toBe(1);
  });
});

describe("a round and the calls of the same interface", () => {
  test("take turns: what an ADD settled meanwhile is not settled again", async () => {
    const lease = await written(world.leases, leaseOf("10.0.0.5"));
    world.agent.pending.addLease(lease);
    world.leases.faults.calls.length = 0;
    const turn = Promise.withResolvers<void>();
    const call = world.agent.gate.run({ containerId: "c1", ifName: "net1" }, async () => {
      await turn.promise;
      await settleInterface({ containerId: "c1", ifName: "net1" }, world.agent, never());
    });
    const settling = round();
    await world.clock.advance(0);
    expect(world.leases.faults.calls).toEqual([]);
    turn.resolve();
    await Promise.all([call, settling]);
    expect(world.leases.faults.calls.map(({ operation }) => operation)).toEqual(["get", "delete"]);
  });

  test("an ADD settles what is pending for its own interface, and nothing else", async () => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    world.agent.pending.addLease(await written(world.leases, leaseOf("10.0.0.5")));
    world.agent.pending.addLease(await written(world.leases, leaseOf("10.0.0.6", { ifName: "net2" })));
    await settleInterface({ containerId: "c1", ifName: "net1" }, world.agent, never());
    expect(names()).toEqual(["10.0.0.6"]);
    expect(world.agent.pending.size).toBe(1);
  });
});
