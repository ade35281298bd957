import { randomBytes } from "node:crypto";
import type { IPBlock } from "@cluster-ipam/api";
import { beforeEach, describe, expect, it } from "vitest";
import type { BlockStore } from "../block-store.ts";
import type { LeaseVersion } from "../lease-store.ts";
import { blockOf } from "./block-of.ts";

/** More than one page of the store under test. */
const MANY = 23;

/**
 * What every BlockStore must do, as a suite of vitest.
 *
 * @param open gives the store that one test uses; it may hold blocks of other tests. Pages of its lists should hold
 * fewer than ten blocks.
 */
export function blockStoreConformance(name: string, open: () => BlockStore): void {
  describe(`${name} as a block store`, () => {
    let store: BlockStore;
    beforeEach(() => {
      store = open();
    });
    const current = (): BlockStore => store;
    describe.each([[4], [6]] as const)("with IPv%d", (family) => {
      describeWrites(current, () => new BlockFixture(family));
    });
    describeBlockRaces(current);
    describeBlockLists(current);
  });
}

/** Address space, pool and node that no other test has. */
class BlockFixture {
  readonly addressSpace: string;
  readonly pool: string;
  readonly node: string;
  readonly #family: 4 | 6;

  constructor(family: 4 | 6 = 4) {
    const suffix = randomBytes(6).toString("hex");
    this.#family = family;
    this.addressSpace = `space-${suffix}`;
    this.pool = `pool-${suffix}`;
    this.node = `node-${suffix}`;
  }

  block(number = 1, spec: Partial<IPBlock["spec"]> = {}): IPBlock {
    const { addressSpace, pool, node } = this;
    const prefix = this.#family === 4 ? `10.20.${number}.0/24` : `2001:db8:0:${(number + 1).toString(16)}::/64`;
    return blockOf(prefix, { addressSpace, pool, node, ...spec });
  }
}

function describeWrites(store: () => BlockStore, fixture: () => BlockFixture): void {
  it("gives a created block a uid and a version, and reads it back as it was answered", async () => {
    const draft = fixture().block();
    const block = await created(store(), draft);
    expect(block.spec).toEqual(draft.spec);
    expect(block.metadata).toMatchObject({
      uid: expect.stringMatching(/./),
      resourceVersion: expect.stringMatching(/./),
    });
    expect(await read(store(), draft)).toEqual(block);
  });

  it("has no block of a name that was never created", async () => {
    expect(await read(store(), fixture().block())).toBeUndefined();
  });

  it("leaves the first node alone when the name is taken", async () => {
    const blocks = fixture();
    const first = await created(store(), blocks.block());
    expect(await store().create(blocks.block(1, { node: "another" }))).toEqual({ kind: "taken" });
    expect(await read(store(), first)).toEqual(first);
  });

  it("refuses a block whose name is not its prefix", async () => {
    const blocks = fixture();
    const block = { ...blocks.block(1), metadata: blocks.block(2).metadata };
    await expect(store().create(block)).rejects.toMatchObject({ code: "object-refused" });
    expect(await read(store(), block)).toBeUndefined();
  });

  it("deletes the version that it is told, and then has none", async () => {
    const block = await created(store(), fixture().block());
    expect(await store().delete(versionOf(block))).toEqual({ kind: "deleted" });
    expect(await read(store(), block)).toBeUndefined();
    expect(await store().delete(versionOf(block))).toEqual({ kind: "gone" });
  });

  it("does not delete the block of the next node", async () => {
    const blocks = fixture();
    const first = await created(store(), blocks.block());
    await store().delete(versionOf(first));
    const second = await created(store(), blocks.block(1, { node: "another" }));
    expect(await store().delete(versionOf(first))).toEqual({ kind: "changed" });
    expect(await store().delete({ ...versionOf(second), uid: versionOf(first).uid })).toEqual({ kind: "changed" });
    expect(await read(store(), second)).toEqual(second);
  });
}

function describeBlockRaces(store: () => BlockStore): void {
  it("lets exactly one of many creates of a name win", async () => {
    const blocks = new BlockFixture();
    const racers = Array.from({ length: 16 }, (_, racer) => blocks.block(1, { node: `node-${racer}` }));
    const outcomes = await Promise.all(racers.map((block) => store().create(block)));
    const winners = outcomes.flatMap((outcome) => (outcome.kind === "created" ? [outcome.block] : []));
    expect(outcomes.filter(({ kind }) => kind === "taken")).toHaveLength(15);
    expect(winners).toEqual([await read(store(), blocks.block())]);
  });

  it("lets exactly one of many deletes of a version win", async () => {
    const block = await created(store(), new BlockFixture().block());
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store().delete(versionOf(block))));
    expect(outcomes.filter(({ kind }) => kind === "deleted")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "gone" || kind === "changed")).toHaveLength(7);
  });
}

function describeBlockLists(store: () => BlockStore): void {
  it("lists the blocks of a node of every pool, and those of a pool of every node, by pages", async () => {
    const [mine, theirs] = [new BlockFixture(4), new BlockFixture(6)];
    const { node, pool } = mine;
    const own = Array.from({ length: MANY }, (_, number) => mine.block(number));
    const ofNode = [...own, theirs.block(1, { node })];
    const ofPool = [...own, theirs.block(2, { pool })];
    const all = new Set([...ofNode, ...ofPool, theirs.block(3)]);
    for (const block of all) await created(store(), block);
    expect(namesOf(await store().listByNode(node, unending()))).toEqual(namesOf(ofNode));
    expect(namesOf(await store().listByPool(pool, unending()))).toEqual(namesOf(ofPool));
  });

  it("lists blocks as they are read", async () => {
    const blocks = new BlockFixture();
    const block = await created(store(), blocks.block());
    expect(await store().listByNode(blocks.node, unending())).toEqual([block]);
    expect(await store().listByPool(blocks.pool, unending())).toEqual([block]);
  });

  it.each([
    ["get", (signal: AbortSignal) => store().get("10.20.0.0-24", signal)],
    ["listByNode", (signal: AbortSignal) => store().listByNode("node-a", signal)],
    ["listByPool", (signal: AbortSignal) => store().listByPool("pool-a", signal)],
  ])("%s says that the API server could not be reached when its signal has aborted", async (_name, readWith) => {
    await expect(readWith(AbortSignal.abort())).rejects.toMatchObject({ code: "apiserver-unreachable" });
  });
}

async function created(store: BlockStore, draft: IPBlock): Promise<IPBlock> {
  const outcome = await store.create(draft);
  if (outcome.kind !== "created") throw new Error(`create of ${draft.metadata.name}: ${outcome.kind}`);
  return outcome.block;
}

function read(store: BlockStore, { metadata }: IPBlock): Promise<IPBlock | undefined> {
  return store.get(metadata.name, unending());
}

function versionOf({ metadata }: IPBlock): LeaseVersion {
  const { name, uid, resourceVersion } = metadata;
  if (uid === undefined || resourceVersion === undefined) throw new Error(`${name} has no version`);
  return { name, uid, resourceVersion };
}

function namesOf(blocks: readonly IPBlock[]): string[] {
  return blocks.map(({ metadata }) => metadata.name).toSorted();
}

function unending(): AbortSignal {
  return new AbortController().signal;
}
