import { describe, expect, it } from "vitest";
import type { LeaseStore } from "../lease-store.ts";
import { LeaseFixture } from "./lease-fixture.ts";

/** More than one page of the store under test. */
const MANY = 23;

/**
 * Gives a store over the same leases whose next list is interrupted once, between two of its pages where it has more
 * than one: `meanwhile` runs then, and the server has forgotten the pages afterwards (410).
 */
export type Interrupted<Store extends LeaseStore> = (store: Store, meanwhile: () => Promise<void>) => LeaseStore;

/** What a LeaseStore's lists must do when the server forgets what their first page was of. */
export function describeInterruptedLists<Store extends LeaseStore>(
  store: () => Store,
  interrupted: Interrupted<Store>,
): void {
  it.each([
    ["listByNode", (from: LeaseStore, { node }: LeaseFixture) => namesOnNode(from, node)],
    ["listNames", (from: LeaseStore, { pool }: LeaseFixture) => from.listNames(pool, open())],
  ] as const)("%s starts over when the server forgets its pages: it is the list of one moment", async (_name, list) => {
    const leases = new LeaseFixture();
    const before = Array.from({ length: MANY }, (_, number) => leases.lease(number));
    await createAll(store(), before);
    const listed = list(
      interrupted(store(), async () => {
        // One of the first page goes, and one comes.
        await remove(store(), leases.lease(0));
        await createAll(store(), [leases.lease(MANY)]);
      }),
      leases,
    );
    expect((await listed).toSorted()).toEqual(namesOf([...before.slice(1), leases.lease(MANY)]));
  });
}

/** What every LeaseStore's lists, and its reads at their end, must do. */
export function describeLists(store: () => LeaseStore): void {
  describe("listByNode", () => {
    it("lists every lease of the node, of every pool and family, and of no other node", async () => {
      const [four, six, other] = [new LeaseFixture(4), new LeaseFixture(6), new LeaseFixture(4)];
      const { node } = four;
      const expected = [four.lease(1), four.lease(2), six.lease(1, { node }), other.lease(1, { node })];
      await createAll(store(), [...expected, four.lease(3, { node: other.node })]);
      expect(await namesOnNode(store(), node)).toEqual(namesOf(expected));
    });

    it("lists leases as they are read", async () => {
      const leases = new LeaseFixture();
      await createAll(store(), [leases.lease()]);
      const lease = await store().get(leases.lease().metadata.name, open());
      expect(await store().listByNode(leases.node, open())).toEqual([lease]);
    });

    it("follows a lease to another node, and to none", async () => {
      const leases = new LeaseFixture();
      const outcome = await store().create(leases.lease());
      if (outcome.kind !== "created") throw new Error(outcome.kind);
      const moved = await store().replace({
        ...outcome.lease,
        spec: { ...outcome.lease.spec, node: `${leases.node}-2` },
      });
      if (moved.kind !== "replaced") throw new Error(moved.kind);
      expect(await namesOnNode(store(), leases.node)).toEqual([]);
      expect(await namesOnNode(store(), `${leases.node}-2`)).toEqual([outcome.lease.metadata.name]);
      const { uid = "", resourceVersion = "", name } = moved.lease.metadata;
      await store().delete({ name, uid, resourceVersion });
      expect(await namesOnNode(store(), `${leases.node}-2`)).toEqual([]);
    });

    it("lists more than one page", async () => {
      const leases = new LeaseFixture();
      const expected = Array.from({ length: MANY }, (_, number) => leases.lease(number));
      await createAll(store(), expected);
      expect(await namesOnNode(store(), leases.node)).toEqual(namesOf(expected));
    });
  });

  describe("listByHolder", () => {
    it("lists every lease of the holder, of every node, pool and family, and of no other", async () => {
      const [four, six, other] = [new LeaseFixture(4), new LeaseFixture(6), new LeaseFixture(4)];
      const namespace = four.node;
      const pod = { namespace, name: "web-0" };
      const holder = `${namespace}/web-0/net1`;
      const expected = [four.lease(1, { pod, holder }), six.lease(1, { pod, holder }), other.lease(1, { pod, holder })];
      const strangers = [
        four.lease(2, { pod: { namespace, name: "web-00" }, holder: `${namespace}/web-00/net1` }),
        four.lease(3, { pod, ifName: "net2", holder: `${namespace}/web-0/net2` }),
      ];
      await createAll(store(), [...expected, ...strangers]);
      expect(namesOf(await store().listByHolder(holder, open()))).toEqual(namesOf(expected));
    });

    it("lists nothing for a holder without leases", async () => {
      expect(await store().listByHolder(`${new LeaseFixture().node}/web-0/net1`, open())).toEqual([]);
    });
  });

  describe("listNames", () => {
    it("lists the names of every page, of both families and of every space, and of no other pool", async () => {
      const [four, six, other] = [new LeaseFixture(4), new LeaseFixture(6), new LeaseFixture(4)];
      const { pool } = four;
      const ofFour = Array.from({ length: MANY }, (_, number) => four.lease(number));
      const expected = [...ofFour, six.lease(1, { pool }), other.lease(1, { pool })];
      // Names of other pools lie among them, so that a page may hold none of ours.
      const strangers = Array.from({ length: MANY }, (_, number) => four.lease(MANY + number, { pool: other.pool }));
      await createAll(store(), [...expected, ...strangers]);
      expect((await store().listNames(pool, open())).toSorted()).toEqual(namesOf(expected));
    });

    it("lists the names of every pool where none is named", async () => {
      const [one, other] = [new LeaseFixture(4), new LeaseFixture(6)];
      const expected = [...Array.from({ length: MANY }, (_, number) => one.lease(number)), other.lease(1)];
      await createAll(store(), expected);
      // The store under test may hold what other tests have left.
      expect(await store().listNames(undefined, open())).toEqual(expect.arrayContaining(namesOf(expected)));
    });

    it("lists nothing for a pool without leases", async () => {
      expect(await store().listNames(new LeaseFixture().pool, open())).toEqual([]);
    });
  });

  describe("a read whose signal has aborted", () => {
    it.each([
      ["get", (signal: AbortSignal) => store().get("10.20.0.1", signal)],
      ["listByNode", (signal: AbortSignal) => store().listByNode("node-a", signal)],
      ["listByHolder", (signal: AbortSignal) => store().listByHolder("default/web-0/net1", signal)],
      ["listNames", (signal: AbortSignal) => store().listNames("pool-a", signal)],
    ])("%s says that the API server could not be reached", async (_name, readWith) => {
      await expect(readWith(AbortSignal.abort())).rejects.toMatchObject({ code: "apiserver-unreachable" });
    });
  });
}

type Lease = ReturnType<LeaseFixture["lease"]>;

async function createAll(store: LeaseStore, leases: readonly Lease[]): Promise<void> {
  const outcomes = await Promise.all(leases.map((lease) => store.create(lease)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(leases.map(() => "created"));
}

async function remove(store: LeaseStore, { metadata }: Lease): Promise<void> {
  const { uid = "", resourceVersion = "" } = (await store.get(metadata.name, open()))?.metadata ?? {};
  expect(await store.delete({ name: metadata.name, uid, resourceVersion })).toEqual({ kind: "deleted" });
}

async function namesOnNode(store: LeaseStore, node: string): Promise<string[]> {
  return namesOf(await store.listByNode(node, open()));
}

function namesOf(leases: readonly Lease[]): string[] {
  return leases.map(({ metadata }) => metadata.name).toSorted();
}

function open(): AbortSignal {
  return new AbortController().signal;
}
