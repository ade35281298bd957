import type { IpamError } from "@cluster-ipam/errors";
import { expect, test } from "vitest";
import { Overtaking } from "./overtaking.ts";

const LIFETIME_MS = 60_000;
const ATTACHMENT = { network: "lan", containerId: "c1", ifName: "net1" };

function setUp() {
  const clock = { now: 0, nowMs: () => clock.now };
  const overtaking = new Overtaking(clock);
  const cancelled: IpamError[] = [];
  const cancel = (reason: IpamError): void => void cancelled.push(reason);
  const add = (startedAtNs: bigint, of: Partial<typeof ATTACHMENT> = {}): (() => void) =>
    overtaking.addBegan({ ...ATTACHMENT, ...of }, startedAtNs, cancel);
  const del = (startedAtNs: bigint, of: Partial<typeof ATTACHMENT> = {}): void =>
    overtaking.delBegan({ ...ATTACHMENT, ...of }, startedAtNs);
  return { clock, add, del, cancelled };
}

test("a DEL cancels the ADD of its attachment that is under way and began before it", () => {
  const { add, del, cancelled } = setUp();
  add(10n);
  del(11n);
  expect(cancelled).toHaveLength(1);
  expect(cancelled[0]).toMatchObject({ code: "cancelled" });
});

test("a DEL leaves an ADD alone that began after it, though it arrives later", () => {
  const { add, del, cancelled } = setUp();
  add(10n);
  del(9n);
  del(10n);
  expect(cancelled).toEqual([]);
});

test("an ADD that has ended is not cancelled any more", () => {
  const { add, del, cancelled } = setUp();
  const ended = add(10n);
  ended();
  del(11n);
  expect(cancelled).toEqual([]);
});

test("an ADD that arrives after a later DEL of its attachment is refused", () => {
  const { add, del } = setUp();
  del(11n);
  expect(() => add(10n)).toThrow(expect.objectContaining({ code: "cancelled" }));
});

test("an ADD that began after the DEL is served: ADD, DEL, ADD of one attachment is legal", () => {
  const { add, del, cancelled } = setUp();
  add(10n)();
  del(11n);
  add(12n);
  expect(cancelled).toEqual([]);
});

test("DELs that arrive in the wrong order count by the latest start", () => {
  const { add, del } = setUp();
  del(20n);
  del(5n);
  expect(() => add(10n)).toThrow(expect.objectContaining({ code: "cancelled" }));
  expect(() => add(21n)).not.toThrow();
});

test("a DEL without a network beats the ADDs of every network of its interface", () => {
  const { add, del, cancelled } = setUp();
  add(10n);
  add(10n, { network: "wan" });
  del(11n, { network: "" });
  expect(cancelled).toHaveLength(2);
  expect(() => add(9n, { network: "third" })).toThrow(expect.objectContaining({ code: "cancelled" }));
});

test.each([
  ["another network", { network: "wan" }],
  ["another interface", { ifName: "net2" }],
  ["another container", { containerId: "c2" }],
])("a DEL of %s leaves the ADD alone", (_, of) => {
  const { add, del, cancelled } = setUp();
  add(10n);
  del(11n, of);
  expect(cancelled).toEqual([]);
  expect(() => add(10n)).not.toThrow();
});

test("DELs of two networks of one interface are both remembered", () => {
  const { add, del } = setUp();
  del(11n, { network: "lan" });
  del(12n, { network: "wan" });
  expect(() => add(10n, { network: "lan" })).toThrow(expect.objectContaining({ code: "cancelled" }));
  expect(() => add(11n, { network: "wan" })).toThrow(expect.objectContaining({ code: "cancelled" }));
  expect(() => add(11n, { network: "lan" })).not.toThrow();
});

test("a DEL is remembered for as long as an older ADD may still arrive, and then forgotten", () => {
  const { clock, add, del } = setUp();
  del(11n);
  clock.now = LIFETIME_MS - 1;
  del(1n, { containerId: "other" });
  expect(() => add(10n)).toThrow(expect.objectContaining({ code: "cancelled" }));
  clock.now = LIFETIME_MS;
  del(2n, { containerId: "other" });
  expect(() => add(10n)).not.toThrow();
});

test("a DEL that is repeated is remembered from its last arrival on", () => {
  const { clock, add, del } = setUp();
  del(11n);
  clock.now = LIFETIME_MS - 1;
  del(11n);
  clock.now = LIFETIME_MS + 1;
  del(1n, { containerId: "other" });
  expect(() => add(10n)).toThrow(expect.objectContaining({ code: "cancelled" }));
});

test("a DEL that is repeated keeps no other from being forgotten", () => {
  const { clock, add, del } = setUp();
  del(11n);
  del(11n, { containerId: "c2" });
  clock.now = LIFETIME_MS - 1;
  del(11n);
  clock.now = LIFETIME_MS + 1;
  del(1n, { containerId: "other" });
  expect(() => add(10n, { containerId: "c2" })).not.toThrow();
  expect(() => add(10n)).toThrow(expect.objectContaining({ code: "cancelled" }));
});
