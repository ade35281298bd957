import type { IPLease } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import type { Claim } from "../allocation.ts";
import { AllocatorFixture } from "../testing/allocator-fixture.ts";
import { attachedLease } from "../testing/attached-lease.ts";
import { rangeSetOf } from "../testing/range-set-of.ts";
import type { OwnOrder } from "./own-free.ts";

/** Any address of `subnet`, of which no other node hands out. */
function ownOf(subnet: string, strategy: OwnOrder = "Spread"): Claim {
  return { set: { ...rangeSetOf(subnet), isNodesOwn: true }, fixed: undefined, strategy };
}

function takeFor(
  fixture: AllocatorFixture,
  claim: Claim,
  number: number,
  known: readonly IPLease[] = [],
): Promise<IPLease[]> {
  const name = `web-${number}`;
  return fixture.take([claim], { containerID: `c-${name}`, pod: { namespace: "shop", name, uid: name } }, known);
}

function addressOf([lease]: readonly IPLease[]): string {
  return lease?.spec.address ?? "none";
}

test.each(["Spread", "Sequential"] as const)(
  "%s: as many calls at once as there are addresses meet nobody, and need no list",
  async (strategy) => {
    const fixture = new AllocatorFixture();
    const claim = ownOf("10.0.0.0/26", strategy);
    const taken = await Promise.all(Array.from({ length: 62 }, (_, number) => takeFor(fixture, claim, number)));
    expect(new Set(taken.map(addressOf)).size).toBe(62);
    expect(new Set(fixture.operations)).toEqual(new Set(["create"]));
    expect(fixture.operations).toHaveLength(62);
  },
);

test("Sequential gives the lowest address that memory does not hold", async () => {
  const fixture = new AllocatorFixture();
  const known = [await fixture.put(attachedLease("10.0.0.1")), await fixture.put(attachedLease("10.0.0.2"))];
  expect(addressOf(await takeFor(fixture, ownOf("10.0.0.0/26", "Sequential"), 1, known))).toBe("10.0.0.3");
  expect(fixture.operations).toEqual(["create"]);
});

test("Spread begins where the pod began before", async () => {
  const [first, second] = [new AllocatorFixture(), new AllocatorFixture()];
  const claim = ownOf("10.0.0.0/24");
  expect(addressOf(await takeFor(first, claim, 7))).toBe(addressOf(await takeFor(second, claim, 7)));
});

test("an address that somebody else has is tried once, and then left alone for a minute", async () => {
  const fixture = new AllocatorFixture();
  await fixture.put(attachedLease("10.0.0.1", { node: "n9" }));
  const claim = ownOf("10.0.0.0/26", "Sequential");
  const known: IPLease[] = [];
  for (const number of [1, 2, 3]) known.push(...(await takeFor(fixture, claim, number, known)));
  expect(known.map(({ spec }) => spec.address)).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
  expect(fixture.operations).toHaveLength(4);
  await fixture.clock.advance(60_000);
  await takeFor(fixture, claim, 4, known);
  expect(fixture.operations).toHaveLength(6);
});

test("what memory holds and the server has not is handed out, once nothing else is left", async () => {
  const fixture = new AllocatorFixture();
  const known = [attachedLease("10.0.0.1", { holder: "shop/web-8/net1" })];
  const claim = ownOf("10.0.0.0/30", "Sequential");
  const taken = await takeFor(fixture, claim, 1, known);
  expect(addressOf(taken)).toBe("10.0.0.2");
  expect(addressOf(await takeFor(fixture, claim, 2, [...known, ...taken]))).toBe("10.0.0.1");
  expect(fixture.operations).toEqual(["create", "listNames", "create"]);
});

test("full is only said from a list that began after the call", async () => {
  const fixture = new AllocatorFixture();
  const claim = ownOf("10.0.0.0/30");
  const known = [
    ...(await takeFor(fixture, claim, 1)),
    ...(await fixture.take([claim], { containerID: "c9", pod: undefined })),
  ];
  await expect(takeFor(fixture, claim, 3, known)).rejects.toMatchObject({
    code: "pool-exhausted",
    message: "pool lab is full: 2 used of a capacity of 2 (10.0.0.0-10.0.0.3 of 10.0.0.0/30)",
  });
  await fixture.remove(known[0] as IPLease);
  await fixture.clock.advance(1);
  expect(await takeFor(fixture, claim, 3, known.slice(1))).toHaveLength(1);
});

test("a list shows free what a call under way has not created yet: it is left to that call", async () => {
  const fixture = new AllocatorFixture();
  const claim = ownOf("10.0.0.0/30", "Sequential");
  const created = Promise.withResolvers<void>();
  fixture.store.faults.failWrites("create", { kind: "held", until: created.promise });
  const slow = takeFor(fixture, claim, 1);
  await fixture.begun("create");
  const known = await takeFor(fixture, claim, 2);
  await expect(takeFor(fixture, claim, 3, known)).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(fixture.operations).toEqual(["create", "create", "listNames"]);
  created.resolve();
  expect(addressOf(await slow)).toBe("10.0.0.1");
});

test("a set without addresses is full", async () => {
  const set = { ...rangeSetOf("10.0.0.0/31", { exclude: ["10.0.0.0/31"] }), isNodesOwn: true };
  const claim: Claim = { set, fixed: undefined, strategy: "Spread" };
  await expect(takeFor(new AllocatorFixture(), claim, 1)).rejects.toMatchObject({ code: "pool-exhausted" });
});
