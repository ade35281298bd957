import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { expect, test } from "vitest";
import { createLease, replaceLease, type WriteContext } from "./certain-write.ts";
import type { Claimant } from "./claimant.ts";
import { attachedLease, FakeClock, MemoryLeaseStore, type WriteFault } from "./testing/index.ts";

const CLAIMANT: Claimant = {
  network: "lan",
  containerID: "c1",
  ifName: "net1",
  node: "n1",
  pod: undefined,
  sandbox: undefined,
  call: { bootID: "b", startedAtNs: 2_000n },
};
const ATTACHMENT = { network: "lan", containerID: "c1", ifName: "net1", node: "n1" };
const OURS = { ...ATTACHMENT, addedAt: { bootID: "b", bootTimeNs: "2000" } };
const OTHERS = { ...OURS, containerID: "c9" };
const DRAFT = attachedLease("10.0.0.5", OURS);
const REFUSAL = new IpamError("apiserver-refused", "may not create ipleases");
const DEADLINE = new IpamError("apiserver-unreachable", "the API server gave no usable answer within 10 s");

test("a create that is answered is one write and no read", async () => {
  const { context, operations, rechecked } = setUp();
  expect(await createLease(DRAFT, context)).toMatchObject({ spec: OURS, metadata: { resourceVersion: "1" } });
  expect(operations()).toEqual(["create"]);
  expect(rechecked).toEqual([]);
});

test("an address that is taken at once needs no read", async () => {
  const { context, store, operations, rechecked } = setUp();
  await store.create(attachedLease("10.0.0.5", OTHERS));
  expect(await createLease(DRAFT, context)).toBeUndefined();
  expect(operations()).toEqual(["create", "create"]);
  expect(rechecked).toEqual([]);
});

test("a create that was lost is repeated, with the same name", async () => {
  const { context, store, operations } = setUp();
  store.faults.failWrites("create", { kind: "lost" }, { kind: "lost" });
  expect(await createLease(DRAFT, context)).toMatchObject({ spec: OURS });
  expect(new Set(store.faults.calls.map(({ name }) => name))).toEqual(new Set(["10.0.0.5"]));
  expect(operations()).toEqual(["create", "create", "create"]);
});

test("a create whose answer was lost is found again", async () => {
  const { context, store, operations } = setUp();
  store.faults.failWrites("create", { kind: "answer-lost" });
  const lease = await createLease(DRAFT, context);
  expect(lease).toEqual(store.snapshot()[0]);
  expect(operations()).toEqual(["create", "create", "get"]);
});

test.for(["lost", "answer-lost"] as const)(
  "what a create that was repeated wrote (%s) is looked for later: an attempt may come after the lease is deleted",
  async (kind) => {
    const { context, store, rechecked } = setUp();
    store.faults.failWrites("create", { kind });
    expect(await createLease(DRAFT, context)).toMatchObject({ spec: OURS });
    expect(rechecked).toEqual([DRAFT]);
  },
);

test("a create whose outcome is unknown while another takes the address is looked for later", async () => {
  const { context, store, operations, rechecked } = setUp();
  await store.create(attachedLease("10.0.0.5", OTHERS));
  store.faults.calls.length = 0;
  store.faults.failWrites("create", { kind: "lost" });
  expect(await createLease(DRAFT, context)).toBeUndefined();
  expect(operations()).toEqual(["create", "create", "get"]);
  expect(rechecked).toEqual([DRAFT]);
});

test("a create whose outcome is unknown while the address is given back is looked for later", async () => {
  const { context, rechecked } = setUp();
  const outcomes = [{ kind: "unknown", cause: "timeout" } as const, { kind: "taken" } as const];
  const create = () => Promise.resolve(outcomes.shift() ?? ({ kind: "taken" } as const));
  const get = () => Promise.resolve(undefined);
  const store = Object.assign(Object.create(context.store), { create, get });
  expect(await createLease(DRAFT, { ...context, store })).toBeUndefined();
  expect(rechecked).toEqual([DRAFT]);
});

test("a server that has not begun the write is left alone for as long as it asks, and nothing is looked for", async () => {
  const { context, clock, rechecked } = setUp();
  const busy = { kind: "unknown", cause: "429", isNotBegun: true, retryAfterMs: 7_000 } as const;
  const outcomes = [busy, { kind: "taken" } as const];
  const create = () => Promise.resolve(outcomes.shift() ?? ({ kind: "taken" } as const));
  const store = Object.assign(Object.create(context.store), { create, get: () => Promise.reject(new Error("read")) });
  const startedAtMs = clock.nowMs();
  expect(await createLease(DRAFT, { ...context, store })).toBeUndefined();
  expect(clock.nowMs() - startedAtMs).toBe(7_000);
  expect(rechecked).toEqual([]);
});

test("an ADD that ends before the write was ever begun leaves nothing to be looked for", async () => {
  const { context, controller, rechecked } = setUp();
  const create = () => {
    controller.abort(DEADLINE);
    return Promise.resolve({ kind: "unknown", cause: "refused", isNotBegun: true } as const);
  };
  const store = Object.assign(Object.create(context.store), { create });
  await expect(createLease(DRAFT, { ...context, store })).rejects.toMatchObject({ code: "apiserver-unreachable" });
  expect(rechecked).toEqual([]);
});

test("a lease that an earlier call left to the attachment is not taken for what this one wrote", async () => {
  const { context, store } = setUp();
  await store.create(attachedLease("10.0.0.5", { ...OURS, addedAt: { bootID: "b", bootTimeNs: "1999" } }));
  store.faults.failWrites("create", { kind: "lost" });
  expect(await createLease(DRAFT, context)).toBeUndefined();
});

test.for([
  ["node", { ...OURS, node: "n2" }],
  ["network", { ...OURS, network: "wan" }],
  ["interface", { ...OURS, ifName: "net2" }],
] as const)("a lease of another %s is not taken for ours", async ([, spec]) => {
  const { context, store } = setUp();
  await store.create(attachedLease("10.0.0.5", spec));
  store.faults.failWrites("create", { kind: "lost" });
  expect(await createLease(DRAFT, context)).toBeUndefined();
});

test("a refusal at once is passed on, and nothing was written", async () => {
  const { context, store, rechecked } = setUp();
  store.faults.failWrites("create", { kind: "refused", error: REFUSAL });
  await expect(createLease(DRAFT, context)).rejects.toBe(REFUSAL);
  expect(rechecked).toEqual([]);
});

test("a refusal after an unknown outcome is passed on, and the lease is looked for later", async () => {
  const { context, store, rechecked } = setUp();
  store.faults.failWrites("create", { kind: "answer-lost" }, { kind: "refused", error: REFUSAL });
  await expect(createLease(DRAFT, context)).rejects.toBe(REFUSAL);
  expect(rechecked).toEqual([DRAFT]);
});

test("a look that fails after an unknown outcome leaves the lease to be looked for later", async () => {
  const { context, store, rechecked } = setUp();
  store.faults.failWrites("create", { kind: "answer-lost" });
  const error = new IpamError("apiserver-refused", "may not get ipleases");
  store.faults.failReads("get", { kind: "refused", error });
  await expect(createLease(DRAFT, context)).rejects.toBe(error);
  expect(rechecked).toEqual([DRAFT]);
});

test("at the deadline the caller gets its reason with the last answer, and the lease is looked for later", async () => {
  const { context, clock, store, controller, operations, rechecked } = setUp({ isAutomatic: false });
  store.faults.failWrites("create", ...lost(20));
  const created = createLease(DRAFT, context).catch((error: unknown) => error);
  // Attempts at 0, 50, 150, 350, 750, 1550, 2550, 3550 ms: doubled waits, at most a second.
  await clock.advance(3_600);
  expect(operations()).toHaveLength(8);
  controller.abort(DEADLINE);
  const error = await created;
  expect(error).toMatchObject({
    code: "apiserver-unreachable",
    message: "the API server gave no usable answer within 10 s (last answer: the request was lost)",
  });
  expect(rechecked).toEqual([DRAFT]);
  expect(clock.sleeping).toBe(0);
});

test("a call that ends while its write is under way does not begin another", async () => {
  const { context, store, controller, operations, rechecked } = setUp();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  store.faults.failWrites("create", { kind: "held", until: promise }, { kind: "lost" });
  const first = createLease(DRAFT, context);
  resolve(undefined);
  expect(await first).toBeDefined();
  const second = createLease(attachedLease("10.0.0.6", OURS), context);
  controller.abort(new IpamError("cancelled", "overtaken by a DEL"));
  await expect(second).rejects.toMatchObject({ code: "cancelled" });
  expect(operations()).toEqual(["create", "create"]);
  expect(rechecked.map(({ metadata }) => metadata.name)).toEqual(["10.0.0.6"]);
});

test("a replace that is answered is one write", async () => {
  const { context, lease, operations, rechecked } = await setUpHeld();
  expect(await replaceLease(lease, context)).toMatchObject({ spec: OURS });
  expect(operations()).toEqual(["replace"]);
  expect(rechecked).toEqual([]);
});

test("a replace of a lease that changed, or is gone, replaces nothing", async () => {
  const { context, lease, store } = await setUpHeld();
  const { uid = "", resourceVersion = "", name } = lease.metadata;
  const stale = { ...lease, metadata: { ...lease.metadata, resourceVersion: "0" } };
  expect(await replaceLease(stale, context)).toBeUndefined();
  await store.delete({ name, uid, resourceVersion });
  expect(await replaceLease(lease, context)).toBeUndefined();
});

test("a replace whose answer was lost is found again", async () => {
  const { context, lease, store, operations } = await setUpHeld();
  store.faults.failWrites("replace", { kind: "answer-lost" });
  const replaced = await replaceLease(lease, context);
  expect(replaced).toEqual(store.snapshot()[0]);
  expect(operations()).toEqual(["replace", "replace", "get"]);
});

test("a replace that was lost is repeated", async () => {
  const { context, lease, store, operations } = await setUpHeld();
  store.faults.failWrites("replace", { kind: "lost" });
  expect(await replaceLease(lease, context)).toMatchObject({ spec: OURS });
  expect(operations()).toEqual(["replace", "replace"]);
});

test("a replace whose outcome is unknown while another changes the lease replaces nothing", async () => {
  const { context, clock, lease, store } = await setUpHeld({ isAutomatic: false });
  store.faults.failWrites("replace", { kind: "lost" });
  const replaced = replaceLease(lease, context);
  await clock.advance(0);
  await store.replace({ ...lease, spec: { ...lease.spec, ...OTHERS } });
  await clock.advance(50);
  expect(await replaced).toBeUndefined();
  expect(store.snapshot()[0]?.spec).toMatchObject(OTHERS);
});

test("at the deadline a replace whose outcome is unknown is looked for later", async () => {
  const { context, lease, store, controller, rechecked } = await setUpHeld({ isAutomatic: false });
  store.faults.failWrites("replace", { kind: "answer-lost" });
  const replaced = replaceLease(lease, context);
  controller.abort(DEADLINE);
  await expect(replaced).rejects.toMatchObject({ code: "apiserver-unreachable" });
  expect(rechecked).toEqual([lease]);
});

test("a reason that is no IpamError becomes an internal one", async () => {
  const { context, store, controller } = setUp();
  store.faults.failWrites("create", ...lost(20));
  controller.abort(new Error("boom"));
  await expect(createLease(DRAFT, context)).rejects.toMatchObject({
    code: "internal",
    message: "unexpected error: boom (last answer: the request was lost)",
  });
});

function setUp({ isAutomatic = true }: { readonly isAutomatic?: boolean } = {}) {
  const store = new MemoryLeaseStore();
  const clock = new FakeClock({ isAutomatic });
  const controller = new AbortController();
  const rechecked: IPLease[] = [];
  const context: WriteContext = {
    store,
    claimant: CLAIMANT,
    clock,
    signal: controller.signal,
    recheck: (lease) => rechecked.push(lease),
  };
  const operations = (): string[] => store.faults.calls.map(({ operation }) => operation);
  return { store, clock, controller, rechecked, context, operations };
}

function lost(count: number): WriteFault[] {
  return Array.from({ length: count }, () => ({ kind: "lost" }));
}

/** An address that an earlier sandbox holds, and the lease that is to replace it. */
async function setUpHeld(options: { readonly isAutomatic?: boolean } = {}) {
  const parts = setUp(options);
  const created = await parts.store.create(attachedLease("10.0.0.5", { ...OURS, containerID: "c0" }));
  if (created.kind !== "created") throw new Error(created.kind);
  parts.store.faults.calls.length = 0;
  return { ...parts, lease: { ...created.lease, spec: { ...created.lease.spec, ...OURS } } };
}
