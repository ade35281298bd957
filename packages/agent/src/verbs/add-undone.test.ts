import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { never } from "../testing/agent-world.ts";
import { attachmentOf } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.0/24"],
  ["IPv6", "fd00::/64"],
] as const;
const TOO_LATE = new IpamError("apiserver-unreachable", "the API server gave no usable answer within 10 s");
const HUNG_UP = new IpamError("cancelled", "the caller hung up before it had an answer");

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  await world.load();
});

describe.each(FAMILIES)("an %s ADD that a later DEL overtakes", (_, subnet) => {
  beforeEach(() => {
    world.pools.put(poolOf("lan", [subnet]));
  });

  test("while it writes its lease fails, and nothing of it is left", async () => {
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failWrites("create", { kind: "held", until: answered.promise });
    const adding = world.add({ startedAtNs: 10n });
    await world.clock.advance(0);
    const deleting = world.del({ startedAtNs: 11n });
    await world.clock.advance(0);
    answered.resolve();
    await expect(adding).rejects.toMatchObject({ code: "cancelled" });
    await deleting;
    expect(world.leases.snapshot()).toEqual([]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("before it arrives is refused and asks nothing of the server", async () => {
    await world.del({ startedAtNs: 11n });
    world.leases.faults.calls.length = 0;
    await expect(world.add({ startedAtNs: 10n })).rejects.toMatchObject({ code: "cancelled" });
    expect(world.leases.faults.calls).toEqual([]);
  });

  test("while it waits for its turn fails without a write", async () => {
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failWrites("create", { kind: "held", until: answered.promise });
    const first = world.add({ startedAtNs: 9n, network: "other", ipam: { pool: "lan" } });
    const second = world.add({ startedAtNs: 10n });
    await world.clock.advance(0);
    const deleting = world.del({ startedAtNs: 11n });
    answered.resolve();
    await first;
    await expect(second).rejects.toMatchObject({ code: "cancelled" });
    await deleting;
    expect(world.leases.snapshot().map(({ spec }) => spec.network)).toEqual(["other"]);
  });

  test("is served where it began later: ADD, DEL, ADD of one attachment", async () => {
    await world.add({ startedAtNs: 10n });
    await world.del({ startedAtNs: 11n });
    await world.add({ startedAtNs: 12n });
    expect(world.leases.snapshot()).toHaveLength(1);
  });

  test("fails where the DEL could not read its configuration and so names no network", async () => {
    const answered = Promise.withResolvers<void>();
    world.leases.faults.failWrites("create", { kind: "held", until: answered.promise });
    const adding = world.add({ startedAtNs: 10n });
    await world.clock.advance(0);
    const deleting = world.del({ startedAtNs: 11n, config: { name: 7 } });
    answered.resolve();
    await expect(adding).rejects.toMatchObject({ code: "cancelled" });
    await deleting;
    expect(world.leases.snapshot()).toEqual([]);
  });
});

describe.each(FAMILIES)("an %s ADD whose caller hangs up", (_, subnet) => {
  test("gives back what it took", async () => {
    world.pools.put(poolOf("lan", [subnet]));
    const answered = Promise.withResolvers<void>();
    const call = new AbortController();
    world.leases.faults.failWrites("create", { kind: "held", until: answered.promise });
    const adding = world.add({}, call.signal);
    await world.clock.advance(0);
    call.abort(HUNG_UP);
    answered.resolve();
    await expect(adding).rejects.toMatchObject({ code: "cancelled" });
    expect(world.leases.snapshot()).toEqual([]);
    expect(world.agent.attachments.size).toBe(0);
  });

  test("before it had its turn does nothing", async () => {
    world.pools.put(poolOf("lan", [subnet]));
    world.agent.pending.addAttachment({ attachment: attachmentOf(), startedAtNs: 1n });
    world.leases.faults.calls.length = 0;
    await expect(world.add({}, AbortSignal.abort(HUNG_UP))).rejects.toMatchObject({ code: "cancelled" });
    expect([...world.leases.faults.calls, ...world.pools.faults.calls]).toEqual([]);
    expect(world.lines.with("pending release failed and will be tried again")).toEqual([]);
  });
});

describe.each(FAMILIES)("an %s ADD without an answer in time", (_, subnet) => {
  beforeEach(() => {
    world.pools.put(poolOf("lan", [subnet]));
  });

  async function addUntilDeadline(): Promise<unknown> {
    const deadline = new AbortController();
    const adding = world.add({}, deadline.signal).catch((reason: unknown) => reason);
    await world.clock.advance(0);
    deadline.abort(TOO_LATE);
    return adding;
  }

  test("is an error of code 11, and a lease that was written all the same is released", async () => {
    world.leases.faults.failWrites("create", { kind: "answer-lost" });
    const error = await addUntilDeadline();
    expect(error).toMatchObject({ code: "apiserver-unreachable" });
    expect((error as IpamError).entry.cni).toBe(11);
    expect((error as Error).message).toContain("the answer was lost");
    expect(world.leases.snapshot()).toHaveLength(1);
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("leaves nothing that is not looked for until it appears", async () => {
    const arrived = Promise.withResolvers<void>();
    world.leases.faults.failWrites("create", { kind: "late", until: arrived.promise });
    await addUntilDeadline();
    await settlePending(never(), world.agent);
    arrived.resolve();
    await world.clock.advance(0);
    expect(world.leases.snapshot()).toHaveLength(1);
    await settlePending(never(), world.agent);
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("where the pool cannot be read takes nothing", async () => {
    world.pools.faults.goAway();
    expect(await addUntilDeadline()).toMatchObject({ code: "apiserver-unreachable" });
    expect(world.leases.snapshot()).toEqual([]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("that the server answers at the second attempt succeeds with the first one's lease", async () => {
    world.leases.faults.failWrites("create", { kind: "answer-lost" });
    const adding = world.add();
    await world.clock.advance(50);
    const { ips } = await adding;
    expect(world.leases.snapshot().map(({ spec }) => `${spec.address}/${spec.prefixLength}`)).toEqual([
      ips[0]?.address,
    ]);
  });
});

test("an attempt at a create that happens only after the DEL leaves nothing, and no living attachment loses by it", async () => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
  const late = Promise.withResolvers<void>();
  world.leases.faults.failWrites("create", { kind: "late", until: late.promise });
  const adding = world.add();
  await world.clock.advance(50);
  await adding;
  await settlePending(never(), world.agent);
  expect(world.leases.snapshot()).toHaveLength(1);
  await world.del();
  late.resolve();
  await world.clock.advance(0);
  expect(world.leases.snapshot()).toHaveLength(1);
  await settlePending(never(), world.agent);
  expect(world.leases.snapshot()).toEqual([]);
});

test("an ADD that the server refuses says what was refused, and gives back what it had", async () => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  const error = new IpamError("apiserver-refused", "the API server refused to create ipleases: 403");
  const answered = Promise.withResolvers<void>();
  world.leases.faults.failWrites("create", { kind: "held", until: answered.promise }, { kind: "refused", error });
  answered.resolve();
  await expect(world.add()).rejects.toBe(error);
  expect(world.leases.snapshot()).toEqual([]);
});

test("what cannot be given back at once is pending, and given back later", async () => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
  world.pools.put(
    poolOf("full", ["fd00::/128"], {
      ranges: [{ subnet: "fd00::/64", start: "fd00::", end: "fd00::", assign: "Any" }],
    }),
  );
  world.leases.faults.failWrites("delete", { kind: "lost" });
  await expect(world.add({ ipam: { pools: ["lan", "full"] } })).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(world.leases.snapshot()).toHaveLength(1);
  await settlePending(never(), world.agent);
  expect(world.leases.snapshot()).toEqual([]);
  expect(world.agent.pending.size).toBe(0);
});

test("a repeated ADD that fails gives back what it had already made its own: no earlier DEL would release that", async () => {
  world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  await world.add({ startedAtNs: 10n });
  const answered = Promise.resolve();
  const error = new IpamError("apiserver-refused", "no permission to update");
  world.leases.faults.failWrites("replace", { kind: "held", until: answered }, { kind: "refused", error });
  await expect(world.add({ startedAtNs: 30n })).rejects.toBe(error);
  expect(world.leases.snapshot().map(({ spec }) => spec.addedAt?.bootTimeNs)).toEqual(["10"]);
  await world.del({ startedAtNs: 20n });
  expect(world.leases.snapshot()).toEqual([]);
});
