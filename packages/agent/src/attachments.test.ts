import { beforeEach, describe, expect, test } from "vitest";
import { Attachments } from "./attachments.ts";
import { attachmentOf } from "./testing/cni-calls.ts";
import { FakeSandboxes } from "./testing/fake-sandboxes.ts";
import { leaseOf } from "./testing/objects.ts";

const V4 = "10.0.0.5";
const V6 = "fd00::5";
const ATTACHMENT = attachmentOf();

let sandboxes: FakeSandboxes;
let attachments: Attachments;

beforeEach(() => {
  sandboxes = new FakeSandboxes();
  attachments = new Attachments(sandboxes, "boot-1");
});

function addresses(of = ATTACHMENT): string[] {
  return attachments.of(of).map(({ spec }) => spec.address);
}

describe("what the node holds", () => {
  test("is not known before the first list", () => {
    expect(attachments.isLoaded).toBe(false);
    attachments.load([leaseOf(V4), leaseOf(V6)]);
    expect(attachments.isLoaded).toBe(true);
    expect(attachments.size).toBe(2);
  });

  test("is found by attachment, name, holder and network, IPv4 and IPv6", () => {
    attachments.load([leaseOf(V4), leaseOf(V6)]);
    expect(addresses()).toEqual([V4, V6]);
    expect(attachments.byName("fd00-0000-0000-0000-0000-0000-0000-0005")?.spec.address).toBe(V6);
    expect(attachments.byHolder("shop/web-0/net1").map(({ spec }) => spec.address)).toEqual([V4, V6]);
    expect(attachments.ofNetwork("lan")).toHaveLength(2);
  });

  test.each([
    ["network", { network: "wan" }],
    ["interface", { ifName: "net2" }],
    ["container", { containerId: "c2" }],
  ])("is not found for another %s", (_, of) => {
    attachments.load([leaseOf(V4)]);
    expect(addresses(attachmentOf(of))).toEqual([]);
  });

  test("is found for every network of the interface when the network is not known", () => {
    attachments.load([leaseOf(V4), leaseOf("10.1.0.5", { network: "wan" })]);
    expect(addresses({ ...ATTACHMENT, network: "" })).toEqual([V4, "10.1.0.5"]);
  });

  test("a lease without a pod is found by attachment and by no holder", () => {
    attachments.put(leaseOf(V4, { holder: "" }), 1n);
    expect(addresses()).toEqual([V4]);
    expect(attachments.byHolder("")).toEqual([]);
  });

  test("what the rest of the metadata says is not kept", () => {
    const lease = leaseOf(V4);
    attachments.put({ ...lease, metadata: { ...lease.metadata, annotations: { note: "x".repeat(1_000) } } }, 1n);
    expect(attachments.byName(V4)?.metadata).toEqual({ name: V4, uid: "uid-10.0.0.5", resourceVersion: "1" });
  });
});

describe("a lease that changes hands", () => {
  beforeEach(() => {
    attachments.put(leaseOf(V4), 1n);
    attachments.put(leaseOf(V4, { containerID: "c2", holder: "shop/web-1/net1" }), 2n);
  });

  test("is the new holder's alone", () => {
    expect(addresses()).toEqual([]);
    expect(attachments.byHolder("shop/web-0/net1")).toEqual([]);
    expect(addresses(attachmentOf({ containerId: "c2" }))).toEqual([V4]);
    expect(attachments.byHolder("shop/web-1/net1")).toHaveLength(1);
    expect(attachments.size).toBe(1);
  });

  test("stays known when the earlier holder drops it late", () => {
    attachments.drop(leaseOf(V4));
    expect(addresses(attachmentOf({ containerId: "c2" }))).toEqual([V4]);
  });

  test("is forgotten when nobody has it, whoever had it last", () => {
    attachments.forget(V4);
    expect(attachments.size).toBe(0);
    expect(attachments.byHolder("shop/web-1/net1")).toEqual([]);
  });
});

describe("the ADD that has a lease", () => {
  test("is older than a call that began after it, and not than one that began before", () => {
    attachments.put(leaseOf(V4), 10n);
    expect(attachments.isOlderThan(leaseOf(V4), 11n)).toBe(true);
    expect(attachments.isOlderThan(leaseOf(V4), 10n)).toBe(false);
    expect(attachments.isOlderThan(leaseOf(V4), 9n)).toBe(false);
  });

  test("is the last one that answered with it", () => {
    attachments.put(leaseOf(V4), 10n);
    attachments.put(leaseOf(V4), 20n);
    expect(attachments.isOlderThan(leaseOf(V4), 15n)).toBe(false);
  });

  test("is told by the lease where an earlier process served it, whether memory has the lease or not", () => {
    const addedAt = { bootID: "boot-1", bootTimeNs: "9007199254740993" };
    attachments.load([leaseOf(V4, { addedAt })]);
    for (const lease of [leaseOf(V4, { addedAt }), leaseOf(V6, { addedAt })]) {
      expect(attachments.isOlderThan(lease, 9_007_199_254_740_993n)).toBe(false);
      expect(attachments.isOlderThan(lease, 9_007_199_254_740_994n)).toBe(true);
    }
  });

  test.each([
    ["the lease does not say when it was", {}],
    ["it was in an earlier boot, which counted its own time", { addedAt: { bootID: "boot-0", bootTimeNs: "99" } }],
  ])("is older than every call of this boot where %s", (_, spec) => {
    attachments.load([leaseOf(V4, spec)]);
    expect(attachments.isOlderThan(leaseOf(V4, spec), 0n)).toBe(true);
    expect(attachments.isOlderThan(leaseOf(V6, spec), 0n)).toBe(true);
  });

  test("does not stand for an earlier lease of the same address", () => {
    attachments.put(leaseOf(V4, {}, "uid-new"), 10n);
    expect(attachments.isOlderThan(leaseOf(V4, {}, "uid-old"), 5n)).toBe(true);
  });
});

describe("a released attachment", () => {
  test("is remembered, so that a repeated DEL costs no list", () => {
    expect(attachments.wasReleased(ATTACHMENT)).toBe(false);
    attachments.markReleased(ATTACHMENT);
    expect(attachments.wasReleased(ATTACHMENT)).toBe(true);
    expect(attachments.wasReleased({ ...ATTACHMENT, network: "wan" })).toBe(false);
    expect(attachments.wasReleased({ ...ATTACHMENT, ifName: "net2" })).toBe(false);
  });

  test("is not one any more once it has a lease again", () => {
    attachments.markReleased(ATTACHMENT);
    attachments.markReleased({ ...ATTACHMENT, network: "" });
    attachments.markReleased({ ...ATTACHMENT, network: "wan" });
    attachments.put(leaseOf(V6), 1n);
    expect(attachments.wasReleased(ATTACHMENT)).toBe(false);
    expect(attachments.wasReleased({ ...ATTACHMENT, network: "" })).toBe(false);
    expect(attachments.wasReleased({ ...ATTACHMENT, network: "wan" })).toBe(true);
  });

  test("is forgotten after thousands of others, the one released longest ago first", () => {
    const released = Array.from({ length: 4_097 }, (_, n) => attachmentOf({ containerId: `c${n}` }));
    const [oldest, second] = released;
    for (const attachment of released.slice(0, 4_096)) attachments.markReleased(attachment);
    if (oldest === undefined || second === undefined) throw new Error("no attachments");
    attachments.markReleased(oldest);
    for (const attachment of released.slice(4_096)) attachments.markReleased(attachment);
    expect(attachments.wasReleased(oldest)).toBe(true);
    expect(attachments.wasReleased(second)).toBe(false);
  });
});

describe("the sandbox of a lease", () => {
  const sandbox = { netns: "/run/netns/c1", inode: "4026531840", bootID: "boot-1" };

  test("is gone when the node says so", () => {
    expect(attachments.isSandboxGone(leaseOf(V4, { sandbox }))).toBe(false);
    sandboxes.end(sandbox.netns);
    expect(attachments.isSandboxGone(leaseOf(V4, { sandbox }))).toBe(true);
  });

  test("is never known to be gone where the ADD could not see it", () => {
    sandboxes.end(sandbox.netns);
    expect(attachments.isSandboxGone(leaseOf(V4))).toBe(false);
  });
});
