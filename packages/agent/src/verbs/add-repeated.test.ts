import { FakeClock, seededRandom } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { AgentWorld, never, written } from "../testing/agent-world.ts";
import { attachmentOf, netnsOf } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  await world.load();
});

function lease(family: 4 | 6): IPLease {
  const found = world.leases.snapshot().find(({ spec }) => spec.address.includes(":") === (family === 6));
  if (found === undefined) throw new Error(`there is no IPv${family} lease`);
  return found;
}

/** Deletes a lease behind the agent's back, as with kubectl. */
async function deleteByHand({ metadata }: IPLease): Promise<void> {
  const { name, uid = "", resourceVersion = "" } = metadata;
  await world.leases.delete({ name, uid, resourceVersion });
}

/** Gives a lease to another container behind the agent's back. */
async function giveAway(taken: IPLease): Promise<void> {
  await deleteByHand(taken);
  await written(world.leases, { ...taken, spec: { ...taken.spec, containerID: "c9", node: "n2" } });
}

function operations(): string[] {
  return world.leases.faults.calls.splice(0).map(({ operation }) => operation);
}

describe("a repeated ADD", () => {
  test("answers the same, read live, and says in the leases that it is the last", async () => {
    const first = await world.add();
    operations();
    expect(await world.add()).toEqual(first);
    expect(operations()).toEqual(["get", "replace", "get", "replace"]);
    expect(world.leases.snapshot().map(({ spec }) => spec.addedAt?.bootTimeNs)).toEqual(["1002", "1002"]);
  });

  test("that fails halfway leaves nothing that the DEL of the first one would not release", async () => {
    await world.add({ startedAtNs: 1_000n });
    const replace = world.leases.replace.bind(world.leases);
    let replaced = 0;
    world.leases.replace = (draft) => {
      replaced += 1;
      if (replaced === 2) throw new IpamError("apiserver-refused", "no permission to update ipleases");
      return replace(draft);
    };
    await expect(world.add({ startedAtNs: 2_000n })).rejects.toMatchObject({ code: "apiserver-refused" });
    await world.del({ startedAtNs: 1_500n });
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("that fails while the server is away leaves nothing in the spool that would release what the first one got", async () => {
    await world.add({ startedAtNs: 1_000n });
    const held = world.leases.snapshot();
    const deadline = new AbortController();
    world.leases.faults.failWrites("replace", { kind: "lost" }, { kind: "lost" }, { kind: "lost" });
    const repeated = world.add({ startedAtNs: 2_000n }, deadline.signal);
    await world.clock.advance(0);
    deadline.abort(new IpamError("apiserver-unreachable", "no answer in time"));
    await expect(repeated).rejects.toMatchObject({ code: "apiserver-unreachable" });
    expect(world.spool.names).toEqual([]);
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot()).toEqual(held);
  });

  test("keeps its addresses when a DEL before it turns up in the spool", async () => {
    const first = await world.add({ startedAtNs: 1_000n });
    world.spool.put({ attachment: attachmentOf(), startedAtNs: 1_500n, bootId: "boot-1" });
    expect(await world.add({ startedAtNs: 2_000n })).toEqual(first);
    world.agent.spooled.look();
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot()).toHaveLength(2);
  });

  test("answers the same after the agent has been started anew", async () => {
    const first = await world.add();
    const again = new AgentWorld({
      leases: world.leases,
      pools: world.pools,
      clock: new FakeClock(),
      random: seededRandom(2),
    });
    await again.load();
    expect(await again.add()).toEqual(first);
  });

  test("answers with the gateway and the addresses it got, though the pool has others by now", async () => {
    const first = await world.add();
    const ranges = [
      { subnet: "10.7.0.0/24", gateway: "10.7.0.1", assign: "Any" },
      { subnet: "fd00::/64", gateway: "fd00::1", assign: "Any" },
    ] as const;
    world.pools.put(poolOf("lan", [], { ranges: [...ranges] }));
    await world.clock.advance(11_000);
    expect(await world.add()).toEqual(first);
  });

  test.each([4, 6] as const)("completes what is there where its IPv%d lease is gone", async (family) => {
    await world.add();
    const kept = lease(family === 4 ? 6 : 4);
    await deleteByHand(lease(family));
    const { ips } = await world.add();
    expect(ips.map((ip) => ip.family)).toEqual([4, 6]);
    expect(world.leases.snapshot()).toHaveLength(2);
    expect(lease(family === 4 ? 6 : 4).metadata.uid).toBe(kept.metadata.uid);
    await world.del();
    expect(world.leases.snapshot()).toEqual([]);
  });

  test.each([4, 6] as const)("leaves its IPv%d address to who has it by now, and takes another", async (family) => {
    await world.add();
    const lost = lease(family);
    await giveAway(lost);
    const { ips } = await world.add();
    expect(ips.map(({ address }) => address)).not.toContain(`${lost.spec.address}/${lost.spec.prefixLength}`);
    const theirs = world.leases.snapshot().find(({ metadata }) => metadata.name === lost.metadata.name);
    expect(theirs?.spec).toMatchObject({ containerID: "c9", node: "n2" });
    expect(world.leases.snapshot()).toHaveLength(3);
    await expect(world.check({ config: { prevResult: { ips } } })).resolves.toBeUndefined();
  });

  test("gives back what it has and is not asked for any more", async () => {
    world.pools.put(poolOf("six", ["fd01::/64"]));
    await world.add({ ipam: { pools: ["lan", "six"] } });
    const six = world.leases.snapshot().find(({ spec }) => spec.pool === "six")?.spec.address ?? "none";
    const { ips } = await world.add({ ipam: { pool: "six" } });
    expect(ips.map(({ address }) => address)).toEqual([`${six}/64`]);
    expect(world.leases.snapshot().map(({ spec }) => spec.address)).toEqual([six]);
  });

  test("that cannot be completed gives back what is there: all or none", async () => {
    world.pools.put(poolOf("small", ["10.5.0.0/30"]));
    for (const containerId of ["a", "b"]) await world.add({ containerId, pod: undefined, ipam: { pool: "small" } });
    await world.add({ ipam: { pool: "lan" } });
    const refused = world.add({ ipam: { pools: ["lan", "small"] } });
    await expect(refused).rejects.toMatchObject({ code: "pool-exhausted" });
    expect(
      world.leases
        .snapshot()
        .map(({ spec }) => spec.containerID)
        .toSorted(),
    ).toEqual(["a", "b"]);
    await world.del();
    expect(world.agent.pending.size).toBe(0);
  });

  test("gets another address where the fixed one that it asks for is another", async () => {
    await world.add({ ipam: { pool: "lan" } });
    const { ips } = await world.add({ config: { runtimeConfig: { ips: ["10.0.0.77", "fd00::77"] } } });
    expect(ips.map(({ address }) => address)).toEqual(["10.0.0.77/24", "fd00::77/64"]);
    expect(world.leases.snapshot()).toHaveLength(2);
  });

  test("that is refused for its configuration leaves the running pod its addresses", async () => {
    await world.add();
    await expect(world.add({ ipam: { subnt: "x" } })).rejects.toMatchObject({ code: "bad-config" });
    expect(world.leases.snapshot()).toHaveLength(2);
    await world.del();
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("while the first one runs waits for it and answers the same", async () => {
    const answers = await Promise.all([world.add(), world.add()]);
    expect(answers[0]).toEqual(answers[1]);
    expect(world.leases.snapshot()).toHaveLength(2);
  });
});

describe("a repeated ADD whose container ID has come again with another network namespace", () => {
  const CALL = { pod: undefined, ipam: { pool: "lan" } };

  test("answers the same and says in the lease which one it is now", async () => {
    const first = await world.add(CALL);
    world.sandboxes.renew(netnsOf("c1"));
    operations();
    expect(await world.add({ ...CALL, startedAtNs: 1_700n })).toEqual(first);
    expect(operations()).toEqual(["get", "replace", "get", "replace"]);
    expect(world.leases.snapshot().map(({ spec }) => spec.addedAt?.bootTimeNs)).toEqual(["1700", "1700"]);
    const inodes = world.leases.snapshot().map(({ spec }) => spec.sandbox?.inode);
    const inode = world.sandboxes.observe(netnsOf("c1"))?.inode;
    expect(inodes).toEqual([inode, inode]);
  });

  test("keeps its addresses when others look for what dead sandboxes have left", async () => {
    world.pools.put(
      poolOf("one", [], { ranges: [{ subnet: "10.6.0.0/24", start: "10.6.0.9", end: "10.6.0.9", assign: "Any" }] }),
    );
    const call = { pod: undefined, ipam: { pool: "one" } };
    await world.add(call);
    world.sandboxes.renew(netnsOf("c1"));
    await world.add(call);
    await expect(world.add({ ...call, containerId: "c2" })).rejects.toMatchObject({ code: "pool-exhausted" });
    await world.gc({ config: { "cni.dev/valid-attachments": [] } });
    expect(world.leases.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c1"]);
  });

  test("says so where it cannot see the new one", async () => {
    await world.add(CALL);
    world.sandboxes.hide(netnsOf("c1"));
    await world.add(CALL);
    expect(world.leases.snapshot().map(({ spec }) => spec.sandbox)).toEqual([undefined, undefined]);
  });

  test("reads again what somebody wrote to meanwhile", async () => {
    const first = await world.add(CALL);
    world.sandboxes.renew(netnsOf("c1"));
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failWrites("replace", { kind: "held", until: answered.promise });
    const adding = world.add(CALL);
    await world.clock.advance(0);
    await world.leases.replace(lease(4));
    answered.resolve();
    expect(await adding).toEqual(first);
    expect(lease(4).spec.sandbox).toEqual(world.sandboxes.observe(netnsOf("c1")));
  });

  test("without an answer in time is an error, and the addresses stay its own until the DEL", async () => {
    await world.add(CALL);
    world.sandboxes.renew(netnsOf("c1"));
    world.leases.faults.failWrites("replace", { kind: "answer-lost" });
    const deadline = new AbortController();
    const adding = world.add(CALL, deadline.signal);
    await world.clock.advance(0);
    deadline.abort(new IpamError("apiserver-unreachable", "too late"));
    await expect(adding).rejects.toMatchObject({ code: "apiserver-unreachable" });
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot()).toHaveLength(2);
    await world.del();
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("is certain of its write before it answers", async () => {
    const first = await world.add(CALL);
    world.sandboxes.renew(netnsOf("c1"));
    world.leases.faults.failWrites("replace", { kind: "answer-lost" });
    const adding = world.add(CALL);
    await world.clock.advance(50);
    expect(await adding).toEqual(first);
    expect(world.agent.pending.size).toBe(0);
  });
});
