import { IpamError } from "@cluster-ipam/errors";
import { describe, expect, test } from "vitest";
import { AllocatorFixture, anyOf, fixedOf } from "./testing/allocator-fixture.ts";
import { attachedLease } from "./testing/index.ts";
import { rangeSetOf } from "./testing/range-set-of.ts";

const CANCELLED = new IpamError("cancelled", "overtaken by a DEL");
const STRANGER = {
  network: "lan",
  containerID: "c9",
  ifName: "net1",
  node: "n1",
  pod: { namespace: "shop", name: "db-0", uid: "u9" },
  holder: "shop/db-0/net1",
  pool: "lab",
};

test("an uncontended address is one write and no read", async () => {
  const world = new AllocatorFixture();
  const [lease] = await world.take([anyOf("10.0.0.0/24")]);
  expect(lease?.spec).toMatchObject({
    pool: "lab",
    network: "lan",
    containerID: "c2",
    holder: "shop/web-0/net1",
    prefixLength: 24,
  });
  expect(world.store.faults.calls).toEqual([{ operation: "create", name: lease?.metadata.name }]);
  expect(world.store.snapshot()).toEqual([lease]);
});

test("a pod of the same name begins at the same address, another one elsewhere", async () => {
  const world = new AllocatorFixture();
  const claims = [anyOf("10.0.0.0/16")];
  const [first] = await world.take(claims);
  if (first !== undefined) await world.remove(first);
  const again = { containerID: "c3", pod: { namespace: "shop", name: "web-0", uid: "u2" } };
  expect((await world.take(claims, again))[0]?.spec.address).toBe(first?.spec.address);
  const other = { containerID: "c4", pod: { namespace: "shop", name: "web-1", uid: "u3" } };
  world.store.faults.calls.length = 0;
  expect((await world.take(claims, other))[0]?.spec.address).not.toBe(first?.spec.address);
  expect(world.operations).toEqual(["create"]);
});

test("attachments without a pod begin at addresses of their own", async () => {
  const world = new AllocatorFixture();
  const [a] = await world.take([anyOf("10.0.0.0/16")], { containerID: "a", pod: undefined });
  const [b] = await world.take([anyOf("10.0.0.0/16")], { containerID: "b", pod: undefined });
  expect([a?.spec.holder, b?.spec.holder]).toEqual(["", ""]);
  expect(world.operations).toEqual(["create", "create"]);
});

test("each claim gets an address of its set, in the order of the claims", async () => {
  const world = new AllocatorFixture();
  const claims = [anyOf("fd00::/64"), anyOf("10.0.0.0/24"), fixedOf("10.0.1.0/24", "10.0.1.7")];
  const leases = await world.take(claims);
  expect(leases.map(({ spec }) => spec.address)).toEqual([
    expect.stringMatching(/^fd00::/),
    expect.stringMatching(/^10\.0\.0\./),
    "10.0.1.7",
  ]);
});

test("no claim gives no lease", async () => {
  const world = new AllocatorFixture();
  expect(await world.take([])).toEqual([]);
  expect(world.operations).toEqual([]);
});

test("an address that is taken is followed by another candidate", async () => {
  const world = new AllocatorFixture();
  for (const last of [1, 2, 3, 4, 5]) await world.put(attachedLease(`10.0.0.${last}`, STRANGER));
  expect((await world.take([anyOf("10.0.0.0/29")]))[0]?.spec.address).toBe("10.0.0.6");
});

test("a full pool is an error that says pool, used and capacity", async () => {
  const world = new AllocatorFixture();
  for (const last of [1, 2]) await world.put(attachedLease(`10.0.0.${last}`, STRANGER));
  await expect(world.take([anyOf("10.0.0.0/30")])).rejects.toMatchObject({
    code: "pool-exhausted",
    message: "pool lab is full: 2 used of a capacity of 2 (10.0.0.0-10.0.0.3 of 10.0.0.0/30)",
  });
});

test("leases of an overlapping pool fill this one too", async () => {
  const world = new AllocatorFixture();
  world.overlapping = ["lab", "wide"];
  for (const last of [1, 2]) await world.put(attachedLease(`10.0.0.${last}`, { ...STRANGER, pool: "wide" }));
  await expect(world.take([anyOf("10.0.0.0/30")])).rejects.toMatchObject({ code: "pool-exhausted" });
});

describe.for(["Spread", "Sequential"] as const)("leases of a pool that is gone, on strategy %s,", (strategy) => {
  let world: AllocatorFixture;

  /** The first addresses from 10.0.0.1 on are leased, so many, from a pool that no list of pools names. */
  async function lease(count: number): Promise<void> {
    world = new AllocatorFixture();
    world.overlapping = ["lab", ""];
    const old = { ...STRANGER, pool: "lab-old" };
    for (let number = 1; number <= count; number += 1) {
      await world.put(attachedLease(`10.0.${number >> 8}.${number & 255}`, old));
    }
  }

  // One set, as a pool that is in use has: hints are of sets.
  const set = rangeSetOf("10.0.0.0/22");

  function take(name: string): ReturnType<AllocatorFixture["take"]> {
    const who = { containerID: name, pod: { namespace: "shop", name, uid: name } };
    return world.take([{ set, fixed: undefined, strategy }], who);
  }

  function creates(): number {
    return world.operations.filter((operation) => operation === "create").length;
  }

  test("fill this one too, after few tries", async () => {
    await lease(1_022);
    await expect(take("web-1")).rejects.toMatchObject({
      code: "pool-exhausted",
      message: expect.stringContaining("pool lab is full: 1022 used of a capacity of 1022"),
    });
    expect(creates()).toBeLessThan(25);
  });

  test("leave the last address to be found after few tries, and the next one by a hint", async () => {
    await lease(1_020);
    const [first] = await take("web-1");
    expect(creates()).toBeLessThan(25);
    world.store.faults.calls.length = 0;
    const [second] = await take("web-2");
    const found = new Set([first?.spec.address, second?.spec.address]);
    expect(found).toEqual(new Set(["10.0.3.253", "10.0.3.254"]));
    expect(world.operations).toEqual(["create"]);
  });
});

test("leases of all pools are listed only where many conflicts speak against those of the pool's own", async () => {
  const world = new AllocatorFixture();
  for (let last = 1; last < 255; last += 1) await world.put(attachedLease(`10.0.0.${last}`, STRANGER));
  await expect(world.take([anyOf("10.0.0.0/24")])).rejects.toMatchObject({ code: "pool-exhausted" });
  const lists = world.store.faults.calls.filter(({ operation }) => operation === "listNames");
  expect(lists.map(({ name }) => name)).toEqual(["lab"]);
});

test("once a list is there, conflicts and successes keep it true: each call is one write", async () => {
  const world = new AllocatorFixture();
  const claims = [anyOf("10.0.0.0/27")];
  for (let index = 0; index < 30; index += 1) await world.take(claims, { containerID: `c${index}`, pod: undefined });
  const listed = world.operations.indexOf("listNames");
  expect(listed).toBeGreaterThan(0);
  expect(world.operations.slice(listed + 1)).not.toContain("listNames");
  const taken = world.store.faults.calls.slice(listed + 1).map(({ name }) => name);
  expect(taken.length).toBe(new Set(taken).size);
});

test("when one claim fails, what the others took is given back", async () => {
  const world = new AllocatorFixture();
  for (const last of [1, 2]) await world.put(attachedLease(`10.0.1.${last}`, STRANGER));
  const claims = [anyOf("10.0.0.0/24"), anyOf("fd00::/64"), anyOf("10.0.1.0/30")];
  await expect(world.take(claims)).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(world.givenBack).toHaveLength(2);
  expect(world.store.snapshot().map(({ spec }) => spec.containerID)).toEqual(["c9", "c9"]);
});

test("a fixed address that is taken fails the call, with its holder, before anything else is taken", async () => {
  const world = new AllocatorFixture();
  await world.put(attachedLease("10.0.1.7", STRANGER));
  const claims = [anyOf("10.0.0.0/24"), fixedOf("10.0.1.0/24", "10.0.1.7")];
  await expect(world.take(claims)).rejects.toMatchObject({
    code: "address-taken",
    message: "address 10.0.1.7 is held by pod shop/db-0 (interface net1) on node n1",
  });
  expect(world.givenBack).toEqual([]);
  expect(world.operations).toEqual(["create", "get"]);
});

test("a claim never takes the fixed address that another claim of the call wants", async () => {
  const leases = await new AllocatorFixture().take([anyOf("10.0.0.4/31"), fixedOf("10.0.0.4/31", "10.0.0.4")]);
  expect(leases.map(({ spec }) => spec.address)).toEqual(["10.0.0.5", "10.0.0.4"]);
});

test("a write that is repeated does not find what the call took for another claim", async () => {
  const world = new AllocatorFixture();
  const lost = Array.from({ length: 4 }, () => ({ kind: "lost" }) as const);
  world.store.faults.failWrites("create", { kind: "held", until: Promise.resolve() }, ...lost);
  const leases = await world.take([fixedOf("10.0.0.4/31", "10.0.0.4"), anyOf("10.0.0.4/31")]);
  expect(leases.map(({ spec }) => spec.address)).toEqual(["10.0.0.4", "10.0.0.5"]);
});

test("a fixed address that nobody holds is one write", async () => {
  const world = new AllocatorFixture();
  const [lease] = await world.take([fixedOf("fd00::/64", "fd00::7")]);
  expect(lease?.metadata.name).toBe("fd00-0000-0000-0000-0000-0000-0000-0007");
  expect(lease?.spec).toMatchObject({ address: "fd00::7", prefixLength: 64 });
  expect(world.operations).toEqual(["create"]);
});

test("a fixed address that is reserved is an error that says why", async () => {
  const world = new AllocatorFixture();
  const { pod: _, ...attached } = attachedLease("10.0.0.7", { node: "", containerID: "", holder: "", ifName: "" }).spec;
  const spec = { ...attached, state: "Reserved", reserved: { reason: "printer" } } as const;
  await world.put({ ...attachedLease("10.0.0.7"), spec });
  await expect(world.take([fixedOf("10.0.0.0/24", "10.0.0.7")])).rejects.toThrow(
    "address 10.0.0.7 is held by a reservation (printer)",
  );
});

test("a fixed address that is freed between the create and the look is tried again", async () => {
  const world = new AllocatorFixture();
  const held = await world.put(attachedLease("10.0.0.7", STRANGER));
  const { promise, resolve } = Promise.withResolvers<undefined>();
  world.store.faults.failReads("get", { kind: "held", until: promise });
  const taken = world.take([fixedOf("10.0.0.0/24", "10.0.0.7")]);
  await world.begun("get");
  await world.remove(held);
  resolve(undefined);
  expect((await taken)[0]?.spec).toMatchObject({ address: "10.0.0.7", containerID: "c2" });
});

test("a call that has ended takes nothing", async () => {
  const world = new AllocatorFixture();
  world.controller.abort(CANCELLED);
  await expect(world.take([anyOf("10.0.0.0/24")])).rejects.toBe(CANCELLED);
  await expect(world.take([fixedOf("10.0.0.0/24", "10.0.0.7")])).rejects.toBe(CANCELLED);
  expect(world.operations).toEqual([]);
});

test.for([
  ["between two claims", [anyOf("10.0.0.0/24"), anyOf("fd00::/64")]],
  ["after its last claim", [anyOf("10.0.0.0/24")]],
  ["after a fixed claim", [fixedOf("10.0.0.0/24", "10.0.0.7")]],
] as const)("a call that is cancelled %s gives back what it took", async ([, claims]) => {
  const world = new AllocatorFixture();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  world.store.faults.failWrites("create", { kind: "held", until: promise });
  const taken = world.take(claims);
  await world.begun("create");
  world.controller.abort(CANCELLED);
  resolve(undefined);
  await expect(taken).rejects.toBe(CANCELLED);
  expect(world.givenBack).toHaveLength(1);
  expect(world.store.snapshot()).toEqual([]);
  expect(world.operations).toEqual(["create", "delete"]);
});

test("a create whose outcome stays unknown is left to be looked for, and the rest given back", async () => {
  const world = new AllocatorFixture();
  world.store.faults.failWrites("create", { kind: "held", until: Promise.resolve() }, { kind: "answer-lost" });
  world.store.faults.failReads("get", { kind: "unanswered" });
  const claims = [fixedOf("10.0.0.0/24", "10.0.0.7"), anyOf("10.0.1.5/32")];
  const taken = world.take(claims).catch((error: unknown) => error);
  await world.begun("get");
  world.controller.abort(new IpamError("apiserver-unreachable", "no usable answer within 10 s"));
  expect(await taken).toMatchObject({ code: "apiserver-unreachable" });
  expect(world.givenBack.map(({ metadata }) => metadata.name)).toEqual(["10.0.0.7"]);
  expect(world.rechecked.map(({ metadata }) => metadata.name)).toEqual(["10.0.1.5"]);
});

test("a server that refuses is an error, and what was taken before is given back", async () => {
  const world = new AllocatorFixture();
  const error = new IpamError("apiserver-refused", "may not create ipleases");
  world.store.faults.failWrites("create", { kind: "held", until: Promise.resolve() }, { kind: "refused", error });
  await expect(world.take([anyOf("10.0.0.0/24"), fixedOf("10.0.1.0/24", "10.0.1.7")])).rejects.toBe(error);
  expect(world.givenBack).toHaveLength(1);
  expect(world.store.snapshot()).toEqual([]);
});
