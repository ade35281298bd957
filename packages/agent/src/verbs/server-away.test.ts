import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { settlePending, settlePendingUntil } from "../releases/settle-pending.ts";
import { startDeadline } from "../service/call-deadlines.ts";
import { never } from "../testing/agent-world.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

/** Calls while the API server gives no answers. */

const SUBNETS = ["10.0.0.0/24", "fd00::/64"];
const UNREACHABLE = {
  code: "apiserver-unreachable",
  message:
    "https://192.0.2.1:6443 gives no usable answer for 12.3 s, since 2026-11-21T12:00:00.000Z: connect ECONNREFUSED 192.0.2.1:6443",
};
const PREVIOUS = { prevResult: { cniVersion: "1.1.0", ips: [{ address: "10.0.0.5/24" }] } };
const VALID = { "cni.dev/valid-attachments": [] };

function makeWorld(before?: MemoryWorld): MemoryWorld {
  return before === undefined
    ? memoryWorld()
    : memoryWorld({ leases: before.leases, pools: before.pools, spool: before.spool });
}

let world: MemoryWorld;

beforeEach(async () => {
  world = makeWorld();
  world.pools.put(poolOf("lan", SUBNETS));
  await world.load();
  world.leases.faults.calls.length = 0;
});

function addresses(): string[] {
  return world.leases.snapshot().map(({ spec }) => spec.address);
}

function spooled(): readonly string[] {
  return world.spool
    .read(() => false)
    .files.map(({ release }) => `${release.attachment.containerId} ${release.startedAtNs}`);
}

/** The agent is killed, and another one starts on what the server and the disk have. */
async function restart(): Promise<void> {
  world = makeWorld(world);
  world.agent.spooled.look();
  await world.load();
}

async function settle(): Promise<void> {
  await settlePending(never(), world.agent);
  world.agent.spooled.settle();
}

describe("while the circuit is open", () => {
  beforeEach(async () => {
    await world.add({ startedAtNs: 10n });
    world.leases.faults.calls.length = 0;
    world.circuit.open();
  });

  test("an ADD is refused at once, and says which server is away since when and why", async () => {
    await expect(world.add({ containerId: "c2", startedAtNs: 11n })).rejects.toMatchObject(UNREACHABLE);
    expect(world.leases.faults.calls).toEqual([]);
    expect(spooled()).toEqual([]);
  });

  test("a CHECK and a GC are refused at once", async () => {
    await expect(world.check({ config: PREVIOUS })).rejects.toMatchObject(UNREACHABLE);
    await expect(world.gc({ config: VALID })).rejects.toMatchObject(UNREACHABLE);
    expect(world.leases.faults.calls).toEqual([]);
  });

  test("a GC without a list has nothing to ask, and succeeds", async () => {
    await world.gc();
    expect(world.leases.faults.calls).toEqual([]);
  });

  test("a DEL lies in the spool and succeeds at once, and is made when the server is back", async () => {
    await world.del({ startedAtNs: 20n });
    expect(world.leases.faults.calls).toEqual([]);
    expect(spooled()).toEqual(["c1 20"]);
    world.circuit.close();
    await settle();
    expect(addresses()).toEqual([]);
    expect(spooled()).toEqual([]);
  });

  test("a DEL does not find out whether the server is back, which may take it seconds", async () => {
    world.circuit.pause();
    await world.del({ startedAtNs: 20n });
    expect(world.leases.faults.calls).toEqual([]);
  });

  test("an ADD is let through to find out", async () => {
    world.circuit.pause();
    await world.add({ containerId: "c2", startedAtNs: 11n });
    expect(world.leases.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c2", "c2"]);
  });

  test("pending releases wait for the circuit, and are the request that finds out", async () => {
    const ended = new AbortController();
    await world.del({ startedAtNs: 20n });
    const settling = settlePendingUntil(ended.signal, world.agent);
    await world.clock.advance(60_000);
    expect(world.leases.faults.calls).toEqual([]);
    world.circuit.pause();
    await world.clock.advance(1_000);
    expect(addresses()).toEqual([]);
    ended.abort();
    await settling;
  });
});

describe("when the circuit opens", () => {
  test("an ADD that has nothing uncertain ends at once, and leaves nothing", async () => {
    world.pools.faults.failReads("list", { kind: "unanswered" });
    const adding = world.add({ network: "wan", startedAtNs: 10n });
    const refused = adding.catch((error: unknown) => error);
    await world.clock.advance(0);
    world.circuit.open();
    expect(await refused).toMatchObject({ code: UNREACHABLE.code });
    expect(spooled()).toEqual([]);
    expect(world.circuit.listening).toBe(0);
  });

  test("a CHECK ends at once", async () => {
    world.leases.faults.failReads("listByNode", { kind: "unanswered" });
    const refused = world.check({ config: PREVIOUS }).catch((error: unknown) => error);
    await world.clock.advance(0);
    world.circuit.open();
    expect(await refused).toMatchObject({ code: UNREACHABLE.code });
    expect(world.circuit.listening).toBe(0);
  });

  test("a DEL that reads ends at once, and its release lies in the spool", async () => {
    world.leases.faults.failReads("listByNode", { kind: "unanswered" });
    const deleting = world.del({ startedAtNs: 20n });
    await world.clock.advance(0);
    world.circuit.open();
    await deleting;
    expect(spooled()).toEqual(["c1 20"]);
    expect(world.circuit.listening).toBe(0);
  });
});

test("of two ADDs that wait for one read of a server that hangs, also the other one names the server and the time", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  world.pools.faults.failReads("get", { kind: "unanswered" });
  const adding = ["c1", "c2"].map((containerId, at) => {
    const { signal } = startDeadline("ADD", world.agent.apiServer);
    return world.add({ containerId, startedAtNs: BigInt(10 + at) }, signal).catch((error: unknown) => error);
  });
  await world.clock.advance(0);
  vi.advanceTimersByTime(10_000);
  const [, other] = await Promise.all(adding);
  expect(other).toMatchObject({
    code: UNREACHABLE.code,
    message: expect.stringMatching(/^https:\/\/192\.0\.2\.1:6443 gave no usable answer within 10 s/),
  });
});

test("a good ADD and a DEL after it write nothing to the spool, and leave nobody listening", async () => {
  await world.add({ startedAtNs: 10n });
  await world.del({ startedAtNs: 20n });
  expect(spooled()).toEqual([]);
  expect(world.circuit.listening).toBe(0);
});

test("a DEL whose write hangs succeeds at its deadline, from the spool, and the release goes on", async () => {
  await world.add({ startedAtNs: 10n });
  const answered = Promise.withResolvers<void>();
  world.leases.faults.failWrites("delete", { kind: "held", until: answered.promise });
  const deadline = new AbortController();
  const deleting = world.del({ startedAtNs: 20n }, deadline.signal);
  await world.clock.advance(0);
  deadline.abort(new IpamError("apiserver-unreachable", "too late"));
  await deleting;
  expect(spooled()).toEqual(["c1 20"]);
  answered.resolve();
  await world.clock.advance(0);
  await settle();
  expect(addresses()).toEqual([]);
  expect(spooled()).toEqual([]);
});

describe("the undo of a failed ADD that is not confirmed", () => {
  /** An ADD whose first write is done only when the test says so, after the circuit has opened over it. */
  async function failUncertain(): Promise<{ write(): Promise<void> }> {
    const late = Promise.withResolvers<void>();
    world.leases.faults.failWrites("create", { kind: "late", until: late.promise });
    const refused = world.add({ startedAtNs: 10n }).catch((error: unknown) => error);
    await world.clock.advance(0);
    world.circuit.open();
    expect(await refused).toMatchObject({ code: UNREACHABLE.code });
    world.circuit.close();
    return {
      write: async () => {
        late.resolve();
        await world.clock.advance(0);
        expect(addresses()).toHaveLength(1);
      },
    };
  }

  test("lies in the spool before the ADD is answered, for what began before it ended", async () => {
    await failUncertain();
    expect(spooled()).toEqual(["c1 11"]);
    expect(world.agent.pending.size).toBe(1);
  });

  test("is made by the next process, however late the write is done, and its file goes then", async () => {
    const late = await failUncertain();
    await restart();
    await settle();
    await world.clock.advance(LATE_WRITE_MS / 2);
    await late.write();
    await settle();
    expect(spooled()).toEqual(["c1 11"]);
    await world.clock.advance(LATE_WRITE_MS / 2);
    await settle();
    expect(addresses()).toEqual([]);
    expect(spooled()).toEqual([]);
  });

  test("is found again after another kill", async () => {
    const late = await failUncertain();
    for (let time = 0; time < 3; time += 1) {
      await restart();
      await settle();
    }
    await late.write();
    await restart();
    await settle();
    expect(addresses()).toEqual([]);
    expect(spooled()).toEqual(["c1 11"]);
  });

  test("does not hit the same attachment's next ADD, whoever serves it", async () => {
    const late = await failUncertain();
    await late.write();
    const { ips } = await world.add({ startedAtNs: 20n });
    await restart();
    await settle();
    await world.clock.advance(LATE_WRITE_MS);
    await settle();
    expect(addresses().toSorted()).toEqual(ips.map(({ address }) => address.replace(/\/.*/, "")).toSorted());
    expect(spooled()).toEqual([]);
  });

  test.each([
    ["without an answer", { kind: "lost" } as const],
    ["refused", { kind: "refused", error: new IpamError("apiserver-refused", "no permission") } as const],
  ])("survives where it is a delete %s", async (_, fault) => {
    world.pools.put(poolOf("full", [], { ranges: [{ subnet: "10.5.0.0/30", end: "10.5.0.0", assign: "Any" }] }));
    world.leases.faults.failWrites("delete", fault, fault);
    await expect(world.add({ startedAtNs: 10n, ipam: { pools: ["lan", "full"] } })).rejects.toMatchObject({
      code: "pool-exhausted",
    });
    expect(addresses()).toHaveLength(2);
    expect(spooled()).toEqual(["c1 11"]);
    await restart();
    await settle();
    expect(addresses()).toEqual([]);
  });

  test("does not keep the ADD from being answered where it cannot be spooled", async () => {
    world.spool.isFull = true;
    await failUncertain();
    expect(world.agent.pending.size).toBe(1);
    expect(
      world.lines.with("release could not be spooled and is lost if the agent ends before it is made"),
    ).toHaveLength(1);
  });
});
