import type { IPLease } from "@cluster-ipam/api";
import { beforeEach, describe, expect, test } from "vitest";
import { attachmentOf } from "../testing/cni-calls.ts";
import { FakeSandboxes } from "../testing/fake-sandboxes.ts";
import { leaseOf } from "../testing/objects.ts";
import { Attachments, LATE_WRITE_MS } from "./attachments.ts";
import { slimLease } from "./slim-lease.ts";

const V4 = "10.0.0.5";
const V6 = "fd00::5";
const ATTACHMENT = attachmentOf();

let sandboxes: FakeSandboxes;
let attachments: Attachments;

beforeEach(() => {
  sandboxes = new FakeSandboxes();
  attachments = new Attachments(sandboxes);
});

function addresses(of = ATTACHMENT): string[] {
  return attachments.of(of).map(({ spec }) => spec.address);
}

describe("what the node holds", () => {
  test("is not known before the first list", () => {
    expect(attachments.isLoaded).toBe(false);
    attachments.load([leaseOf(V4), leaseOf(V6)], 0);
    expect(attachments.isLoaded).toBe(true);
    expect(attachments.size).toBe(2);
  });

  test("is found by attachment, name, holder and network, IPv4 and IPv6", () => {
    attachments.load([leaseOf(V4), leaseOf(V6)], 0);
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
    attachments.load([leaseOf(V4)], 0);
    expect(addresses(attachmentOf(of))).toEqual([]);
  });

  test("is found for every network of the interface when the network is not known", () => {
    attachments.load([leaseOf(V4), leaseOf("10.1.0.5", { network: "wan" })], 0);
    expect(addresses({ ...ATTACHMENT, network: "" })).toEqual([V4, "10.1.0.5"]);
  });

  test("a lease without a pod is found by attachment and by no holder", () => {
    attachments.put(leaseOf(V4, { holder: "" }));
    expect(addresses()).toEqual([V4]);
    expect(attachments.byHolder("")).toEqual([]);
  });

  test("what the rest of the metadata says is not kept", () => {
    const { metadata, ...lease } = leaseOf(V4);
    attachments.put({ ...lease, metadata: { ...metadata, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" } });
    expect(attachments.byName(V4)?.metadata).toEqual({ name: V4, uid: "uid-10.0.0.5", resourceVersion: "1" });
  });
});

describe("a lease that changes hands", () => {
  beforeEach(() => {
    attachments.put(leaseOf(V4));
    attachments.put(leaseOf(V4, { containerID: "c2", holder: "shop/web-1/net1" }));
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

  test("stays with the holder that wrote it last, though an earlier one's ADD ends after that", () => {
    const written = (containerID: string, resourceVersion: string) => {
      const lease = leaseOf(V6, { containerID });
      return { ...lease, metadata: { ...lease.metadata, resourceVersion } };
    };
    attachments.put(written("c2", "10"));
    attachments.put(written("c1", "9"));
    expect(addresses(attachmentOf({ containerId: "c2" }))).toEqual([V4, V6]);
    expect(addresses()).toEqual([]);
    attachments.put(written("c1", "11"));
    expect(addresses()).toEqual([V6]);
  });

  test("is forgotten when nobody has it, whoever had it last", () => {
    attachments.forget(V4);
    expect(attachments.size).toBe(0);
    expect(attachments.byHolder("shop/web-1/net1")).toEqual([]);
  });
});

describe("the ADD that has a lease", () => {
  const taken = leaseOf(V4, { addedAt: { bootID: "boot-1", bootTimeNs: "10" } });

  test.for([
    [11n, true],
    [10n, false],
    [9n, false],
  ] as const)("that began at 10 is older than a call that began at %s: %s", ([startedAtNs, expected]) => {
    expect(attachments.isOlderThan(taken, startedAtNs)).toBe(expected);
  });

  test("is older than every call where the node has booted since, and where nobody knows when it began", () => {
    expect(attachments.isOlderThan(leaseOf(V4, { addedAt: { bootID: "boot-0", bootTimeNs: "10" } }), 0n)).toBe(true);
    expect(attachments.isOlderThan(leaseOf(V4), 0n)).toBe(true);
  });
});

describe("an attachment may have more than is known", () => {
  test("while a write of an earlier process may come after the list", () => {
    attachments.load([leaseOf(V4)], 1_000);
    expect(attachments.mayHaveMore([leaseOf(V4)], 1_000 + LATE_WRITE_MS - 1)).toBe(true);
    expect(attachments.mayHaveMore([leaseOf(V4)], 1_000 + LATE_WRITE_MS)).toBe(false);
  });

  test("but not where this process took what it has", () => {
    attachments.load([leaseOf(V4)], 1_000);
    attachments.put(leaseOf(V4));
    expect(attachments.mayHaveMore([leaseOf(V4)], 1_001)).toBe(false);
  });
});

describe("a released attachment", () => {
  test("is remembered, so that a repeated DEL costs no list", () => {
    expect(attachments.released.has(ATTACHMENT)).toBe(false);
    attachments.released.add(ATTACHMENT);
    expect(attachments.released.has(ATTACHMENT)).toBe(true);
    expect(attachments.released.has({ ...ATTACHMENT, network: "wan" })).toBe(false);
    expect(attachments.released.has({ ...ATTACHMENT, ifName: "net2" })).toBe(false);
  });

  test("is not one any more once it has a lease again", () => {
    attachments.released.add(ATTACHMENT);
    attachments.released.add({ ...ATTACHMENT, network: "" });
    attachments.released.add({ ...ATTACHMENT, network: "wan" });
    attachments.put(leaseOf(V6));
    expect(attachments.released.has(ATTACHMENT)).toBe(false);
    expect(attachments.released.has({ ...ATTACHMENT, network: "" })).toBe(false);
    expect(attachments.released.has({ ...ATTACHMENT, network: "wan" })).toBe(true);
  });

  test("is forgotten after thousands of others, the one released longest ago first", () => {
    const released = Array.from({ length: 4_097 }, (_, n) => attachmentOf({ containerId: `c${n}` }));
    const [oldest, second] = released;
    for (const attachment of released.slice(0, 4_096)) attachments.released.add(attachment);
    if (oldest === undefined || second === undefined) throw new Error("no attachments");
    attachments.released.add(oldest);
    for (const attachment of released.slice(4_096)) attachments.released.add(attachment);
    expect(attachments.released.has(oldest)).toBe(true);
    expect(attachments.released.has(second)).toBe(false);
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

describe("a slim lease", () => {
  const full = leaseOf(V4);
  const slim = slimLease({ ...full, metadata: { ...full.metadata, generation: 1, managedFields: [{}] } } as IPLease);

  test("is the lease with no more metadata than names its version", () => {
    expect(slim).toEqual(full);
    expect(Object.keys(slim.metadata)).toEqual(["name", "uid", "resourceVersion"]);
  });

  test("has what other programs have put there, which a write must not lose", () => {
    const put = { labels: { a: "b" }, annotations: { c: "d" }, finalizers: ["e"], ownerReferences: [{ name: "f" }] };
    const lease = { ...full, metadata: { ...full.metadata, generation: 1, ...put } } as IPLease;
    expect(slimLease(lease).metadata).toEqual({ ...slim.metadata, ...put });
  });

  test("is kept as the one object that it is, in the list and here", () => {
    attachments.put(slim);
    expect(attachments.byName(slim.metadata.name)).toBe(slim);
  });
});

describe("where the order of two writes is not certain", () => {
  const at = (resourceVersion: string, uid: string, containerID = "c1"): IPLease => {
    const lease = leaseOf("10.0.0.5", { containerID }, uid);
    return { ...lease, metadata: { ...lease.metadata, resourceVersion } };
  };

  test("an earlier version of the same lease is not taken, and to be read again", () => {
    attachments.put(at("9", "u1"));
    attachments.put(at("8", "u1"));
    expect(attachments.byName("10.0.0.5")?.metadata.resourceVersion).toBe("9");
    expect(attachments.takeDoubts()).toEqual(["10.0.0.5"]);
    expect(attachments.takeDoubts()).toEqual([]);
  });

  test("another lease of the same name is taken whatever its version, and to be read again where that is earlier", () => {
    attachments.put(at("9", "u1"));
    attachments.put(at("8", "u2"));
    expect(attachments.byName("10.0.0.5")?.metadata.uid).toBe("u2");
    expect(attachments.takeDoubts()).toEqual(["10.0.0.5"]);
    attachments.put(at("10", "u3"));
    expect(attachments.takeDoubts()).toEqual([]);
  });

  test("what a read shows is taken, whatever was known", () => {
    attachments.put(at("9", "u1"));
    attachments.putRead(at("8", "u1"));
    expect(attachments.byName("10.0.0.5")?.metadata.resourceVersion).toBe("8");
    expect(attachments.takeDoubts()).toEqual([]);
  });

  test("a lease that another attachment creates anew ousts the one that was known, and a take-over does not", () => {
    const known = at("1", "u1");
    attachments.put(known);
    attachments.put(at("2", "u1", "c2"));
    expect(attachments.ousted.all()).toEqual([]);
    attachments.put(at("3", "u2", "c3"));
    expect(attachments.ousted.all().map(({ spec }) => spec.containerID)).toEqual(["c2"]);
    expect(attachments.byName("10.0.0.5")?.spec.containerID).toBe("c3");
  });

  test("an attachment misses nothing any more once it has a new answer or is deleted, but for a DEL that began before", () => {
    const oust = (): void => {
      attachments.put(at("1", "u1"));
      attachments.put(at("3", "u2", "c3"));
    };
    oust();
    expect(attachments.ousted.all()).toHaveLength(1);
    attachments.ousted.release({ network: "wan", containerId: "c1", ifName: "net1" }, () => true);
    attachments.ousted.release({ network: "", containerId: "c1", ifName: "net1" }, () => false);
    expect(attachments.ousted.all()).toHaveLength(1);
    attachments.ousted.release({ network: "", containerId: "c1", ifName: "net1" }, () => true);
    expect(attachments.ousted.all()).toEqual([]);
    oust();
    attachments.put(leaseOf("10.0.0.6"));
    expect(attachments.ousted.all()).toEqual([]);
  });
});
