import { expect, test } from "vitest";
import { attachmentOf } from "../testing/cni-calls.ts";
import { leaseOf } from "../testing/objects.ts";
import { interfaceOf, PendingReleases } from "./pending-releases.ts";

const LEASE = leaseOf("10.0.0.5");
const ATTACHMENT = attachmentOf();
const RECHECK_MS = 120_000;

function setUp() {
  const clock = { now: 1_000, nowMs: () => clock.now };
  return { clock, pending: new PendingReleases(clock) };
}

test("what comes is due in the order in which it came, until it is settled", () => {
  const { pending } = setUp();
  pending.addLease(LEASE);
  pending.addAttachment({ attachment: ATTACHMENT, startedAtNs: 7n });
  const [first, second] = pending.due();
  expect(first).toMatchObject({ kind: "lease", lease: LEASE });
  expect(second).toMatchObject({ kind: "attachment", attachment: ATTACHMENT, startedAtNs: 7n });
  if (first !== undefined) pending.remove(first);
  expect(pending.due()).toEqual([second]);
  expect(pending.size).toBe(1);
});

test("a lease that exists is looked for once, an uncertain one for two minutes", () => {
  const { pending } = setUp();
  pending.addLease(LEASE);
  pending.addUncertain(leaseOf("fd00::5"));
  const untilMs = pending.due().map((each) => (each.kind === "lease" ? each.mayAppearUntilMs : undefined));
  expect(untilMs).toEqual([0, 1_000 + RECHECK_MS]);
});

test("the same lease is kept once, for the longest that it may still appear", () => {
  const { clock, pending } = setUp();
  pending.addUncertain(LEASE);
  clock.now = 5_000;
  pending.addUncertain(LEASE);
  pending.addLease(LEASE);
  expect(pending.due()).toMatchObject([{ kind: "lease", mayAppearUntilMs: 5_000 + RECHECK_MS }]);
});

test("one address that two attachments may have got is looked for for both", () => {
  const { pending } = setUp();
  pending.addUncertain(LEASE);
  pending.addUncertain(leaseOf("10.0.0.5", { containerID: "c2" }));
  expect(pending.size).toBe(2);
});

test("DELs of one attachment are kept once, with the latest start", () => {
  const { pending } = setUp();
  for (const startedAtNs of [5n, 9n, 7n]) pending.addAttachment({ attachment: ATTACHMENT, startedAtNs });
  pending.addAttachment({ attachment: attachmentOf({ network: "wan" }), startedAtNs: 1n });
  expect(pending.due().map((each) => (each.kind === "attachment" ? each.startedAtNs : undefined))).toEqual([9n, 1n]);
});

test("what has changed since it was looked at is not removed", () => {
  const { clock, pending } = setUp();
  pending.addUncertain(LEASE);
  const [looked] = pending.due();
  if (looked === undefined) throw new Error("nothing is due");
  clock.now = 2_000;
  pending.addUncertain(LEASE);
  expect(pending.has(looked)).toBe(false);
  pending.remove(looked);
  expect(pending.size).toBe(1);
});

test("what is due is found by its interface, leases and attachments alike", () => {
  const { pending } = setUp();
  pending.addLease(LEASE);
  pending.addAttachment({ attachment: { ...ATTACHMENT, network: "" }, startedAtNs: 1n });
  pending.addLease(leaseOf("10.0.0.6", { ifName: "net2" }));
  expect(pending.dueFor({ containerId: "c1", ifName: "net1" }).map(({ kind }) => kind)).toEqual([
    "lease",
    "attachment",
  ]);
  expect(pending.dueFor({ containerId: "c1", ifName: "net2" }).map(interfaceOf)).toEqual([
    { containerId: "c1", ifName: "net2" },
  ]);
  expect(pending.dueFor({ containerId: "c2", ifName: "net1" })).toEqual([]);
});

test("who waits is woken by what comes, and at once when something is there", async () => {
  const { pending } = setUp();
  const { signal } = new AbortController();
  let isWoken = false;
  const waiting = pending.untilDue(signal).then(() => {
    isWoken = true;
  });
  await Promise.resolve();
  expect(isWoken).toBe(false);
  pending.addLease(LEASE);
  await waiting;
  await pending.untilDue(signal);
});

test("who waits is woken by the end of the agent", async () => {
  const { pending } = setUp();
  const ended = new AbortController();
  const waiting = pending.untilDue(ended.signal);
  ended.abort();
  await waiting;
  await pending.untilDue(ended.signal);
  expect(pending.size).toBe(0);
});
