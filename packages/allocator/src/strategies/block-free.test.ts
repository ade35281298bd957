import type { IPLease } from "@cluster-ipam/api";
import { beforeEach, expect, test } from "vitest";
import type { Claim } from "../allocation.ts";
import { AllocatorFixture } from "../testing/allocator-fixture.ts";
import { attachedLease } from "../testing/attached-lease.ts";
import { GivenBlocks } from "../testing/given-blocks.ts";
import { rangeSetOf } from "../testing/range-set-of.ts";
import type { OwnOrder } from "./own-free.ts";

let fixture: AllocatorFixture;
let known: IPLease[];

beforeEach(() => {
  fixture = new AllocatorFixture();
  known = [];
});

/** Any address of 10.0.0.0/28, cut into four blocks. */
function inBlocks(strategy: OwnOrder = "Sequential"): Claim {
  return { set: { ...rangeSetOf("10.0.0.0/28"), blockLength: 30 }, fixed: undefined, strategy };
}

async function take(number: number, claim = inBlocks()): Promise<string> {
  const name = `web-${number}`;
  const who = { containerID: `c-${name}`, pod: { namespace: "shop", name, uid: name } };
  const [lease] = await fixture.take([claim], who, known);
  if (lease === undefined) throw new Error("there is no lease");
  known.push(lease);
  return lease.spec.address;
}

test("addresses come from the node's own blocks alone, one create each", async () => {
  fixture.blocks = new GivenBlocks(["10.0.0.4/30"]);
  expect([await take(1), await take(2), await take(3), await take(4)]).toEqual([
    "10.0.0.4",
    "10.0.0.5",
    "10.0.0.6",
    "10.0.0.7",
  ]);
  expect(fixture.operations).toEqual(["create", "create", "create", "create"]);
});

test("Spread goes over all blocks of the node together", async () => {
  fixture.blocks = new GivenBlocks(["10.0.0.4/30", "10.0.0.12/30"]);
  const first = new Set<string>();
  for (let number = 0; number < 7; number += 1) first.add(await take(number, inBlocks("Spread")));
  expect([...first].toSorted()).toEqual([
    "10.0.0.12",
    "10.0.0.13",
    "10.0.0.14",
    "10.0.0.4",
    "10.0.0.5",
    "10.0.0.6",
    "10.0.0.7",
  ]);
  expect(new Set(fixture.operations)).toEqual(new Set(["create"]));
});

test("another block is claimed when all is taken, without a list", async () => {
  fixture.blocks = new GivenBlocks(["10.0.0.4/30"], ["10.0.0.8/30"]);
  for (let number = 0; number < 4; number += 1) await take(number);
  expect(await take(9)).toBe("10.0.0.8");
  expect(fixture.blocks.notes.filter((note) => note === "claimed")).toHaveLength(1);
  expect(new Set(fixture.operations)).toEqual(new Set(["create"]));
});

test("with no block left a list decides, and says pool, used, capacity and how many blocks there are", async () => {
  fixture.blocks = new GivenBlocks(["10.0.0.4/30", "10.0.0.8/30"]);
  for (let number = 0; number < 8; number += 1) await take(number);
  await expect(take(9)).rejects.toMatchObject({
    code: "pool-exhausted",
    message:
      "pool lab is full: 8 used of a capacity of 8 in the 2 blocks of this node, and all 4 blocks of the pool are claimed (10.0.0.0-10.0.0.15 of 10.0.0.0/28)",
  });
  expect(fixture.operations.filter((operation) => operation === "listNames")).toHaveLength(1);
});

test("what the list shows free after all is handed out", async () => {
  fixture.blocks = new GivenBlocks(["10.0.0.4/30"]);
  for (let number = 0; number < 4; number += 1) await take(number);
  const [gone] = known;
  await fixture.remove(gone as IPLease);
  expect(await take(9)).toBe(gone?.spec.address);
});

test("a node without a block, and none to be had, is told so without a list of leases", async () => {
  await expect(take(1)).rejects.toMatchObject({
    code: "pool-exhausted",
    message:
      "pool lab has no block for this node: 0 used of a capacity of 14, and all 4 blocks of the pool are claimed (10.0.0.0-10.0.0.15 of 10.0.0.0/28)",
  });
  expect(fixture.operations).toEqual([]);
});

test("an address that a stranger has makes the node look at the block, and go on while it is its own", async () => {
  await fixture.put(attachedLease("10.0.0.4", { node: "n9" }));
  fixture.blocks = new GivenBlocks(["10.0.0.4/30"]);
  expect(await take(1)).toBe("10.0.0.5");
  expect(fixture.blocks.notes).toEqual(["used", "examined", "used"]);
});

test("nothing more is handed out of a block that turns out to be another node's", async () => {
  await fixture.put(attachedLease("10.0.0.4", { node: "n9" }));
  fixture.blocks = new GivenBlocks(["10.0.0.4/30"], ["10.0.0.12/30"]);
  fixture.blocks.lost = ["10.0.0.4/30"];
  expect(await take(1)).toBe("10.0.0.12");
});

test("a fixed address needs no block", async () => {
  const { set } = inBlocks();
  const [lease] = await fixture.take([{ set, fixed: { family: 4, value: 0x0a000009n }, strategy: "Spread" }]);
  expect(lease?.spec.address).toBe("10.0.0.9");
  expect(fixture.blocks.notes).toEqual([]);
});

test("the pod's earlier address is taken over, whatever block it lies in", async () => {
  const pod = { namespace: "shop", name: "web-0", uid: "u1" };
  const spec = { node: "n1", network: "lan", ifName: "net1", pod, holder: "shop/web-0/net1", containerID: "c1" };
  const earlier = await fixture.put(attachedLease("10.0.0.9", spec));
  const [lease] = await fixture.take([inBlocks()], {}, [earlier]);
  expect(lease?.spec).toMatchObject({ address: "10.0.0.9", containerID: "c2" });
  expect(fixture.blocks.notes).toEqual([]);
});
