import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NodeSandboxes, type Sandbox } from "./sandbox.ts";

const ALL_IN_SIGHT = { isNodes: () => true, refresh: () => undefined };
const NOTHING_IN_SIGHT = { isNodes: () => false, refresh: () => undefined };
const CAN_MAKE_NAMESPACES = process.getuid?.() === 0 && hasIpNetns();

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-sandbox-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function hasIpNetns(): boolean {
  try {
    execFileSync("ip", ["netns", "list"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The namespace of this process: always there, whoever runs the test. */
function ownNamespace(): Sandbox {
  const sandbox = new NodeSandboxes().observe(`/proc/${process.pid}/ns/net`);
  if (sandbox === undefined) throw new Error("the test's own network namespace cannot be seen");
  return sandbox;
}

describe("a network namespace under /proc", () => {
  test("is seen, with its inode and the boot of the machine", () => {
    const sandbox = ownNamespace();
    expect(sandbox.netns).toBe(`/proc/${process.pid}/ns/net`);
    expect(sandbox.inode).toBe(statSync(sandbox.netns, { bigint: true }).ino.toString());
    expect(sandbox.bootID).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is there for as long as its process runs", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    const sandboxes = new NodeSandboxes(undefined, ALL_IN_SIGHT);
    const sandbox = sandboxes.observe(`/proc/${child.pid}/ns/net`);
    if (sandbox === undefined) throw new Error("the child's network namespace cannot be seen");
    expect(sandboxes.isGone(sandbox)).toBe(false);
    child.kill();
    await once(child, "exit");
    expect(sandboxes.isGone(sandbox)).toBe(true);
    expect(sandboxes.observe(sandbox.netns)).toBeUndefined();
  });

  test("is seen through a symbolic link", () => {
    const link = join(folder, "netns");
    symlinkSync(`/proc/${process.pid}/ns/net`, link);
    const sandboxes = new NodeSandboxes();
    expect(sandboxes.observe(link)).toEqual({ ...ownNamespace(), netns: link });
  });
});

describe("no sandbox is seen at", () => {
  test.each(["", "/run/netns/cluster-ipam-there-is-no-such-one", "/proc/1/there/is/no/such/one"])('"%s"', (path) => {
    expect(new NodeSandboxes().observe(path)).toBeUndefined();
  });

  test("a plain file", () => {
    const file = join(folder, "netns");
    writeFileSync(file, "");
    expect(new NodeSandboxes().observe(file)).toBeUndefined();
  });

  test("a folder", () => {
    expect(new NodeSandboxes().observe(folder)).toBeUndefined();
  });
});

describe("a sandbox is gone", () => {
  const sandboxes = (): NodeSandboxes => new NodeSandboxes(undefined, ALL_IN_SIGHT);

  test("when its path is missing", () => {
    const sandbox = { ...ownNamespace(), netns: join(folder, "missing") };
    expect(sandboxes().isGone(sandbox)).toBe(true);
  });

  test("when a part of its path is a file", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(sandboxes().isGone({ ...ownNamespace(), netns: join(file, "netns") })).toBe(true);
  });

  test("when its path holds no namespace any more", () => {
    const file = join(folder, "netns");
    writeFileSync(file, "");
    const { ino } = statSync(file, { bigint: true });
    expect(sandboxes().isGone({ ...ownNamespace(), netns: file, inode: ino.toString() })).toBe(true);
  });

  test("when its path holds another namespace", () => {
    expect(sandboxes().isGone({ ...ownNamespace(), inode: "1" })).toBe(true);
  });

  test("when the node has booted since", () => {
    const bootIdFile = join(folder, "boot_id");
    writeFileSync(bootIdFile, "00000000-0000-0000-0000-000000000000\n");
    const afterReboot = new NodeSandboxes(bootIdFile, NOTHING_IN_SIGHT);
    expect(afterReboot.isGone(ownNamespace())).toBe(true);
    const seen = afterReboot.observe(ownNamespace().netns);
    expect(seen?.bootID).toBe("00000000-0000-0000-0000-000000000000");
  });
});

describe("a sandbox is not known to be gone", () => {
  test("while it is there", () => {
    expect(new NodeSandboxes().isGone(ownNamespace())).toBe(false);
  });

  test("when the folder of its path is missing: the agent may not see the node's folders", () => {
    const netns = join(folder, "netns", "cni-1");
    expect(new NodeSandboxes().isGone({ ...ownNamespace(), netns })).toBe(false);
  });

  test.each<readonly [string, (own: Sandbox) => Sandbox]>([
    ["is missing", (own) => ({ ...own, netns: join(folder, "missing") })],
    ["holds no namespace", (own) => ({ ...own, netns: folder })],
    ["holds another namespace", (own) => ({ ...own, inode: "1" })],
  ])("when its path %s where this process does not see what the node has", (_title, change) => {
    const sandbox = change(ownNamespace());
    expect(new NodeSandboxes(undefined, NOTHING_IN_SIGHT).isGone(sandbox)).toBe(false);
    expect(new NodeSandboxes(undefined, ALL_IN_SIGHT).isGone(sandbox)).toBe(true);
  });

  test("when its path cannot be looked at", () => {
    const loop = join(folder, "loop");
    symlinkSync(loop, loop);
    expect(new NodeSandboxes().isGone({ ...ownNamespace(), netns: loop })).toBe(false);
    expect(new NodeSandboxes().isGone({ ...ownNamespace(), netns: `${folder}/a\0b` })).toBe(false);
  });
});

describe("a named network namespace", () => {
  beforeEach(({ skip }) => {
    skip(!CAN_MAKE_NAMESPACES, "ip netns cannot be used: install iproute2 and run as root");
  });

  const name = `cipam-test-${process.pid}`;
  const netns = `/run/netns/${name}`;

  afterEach(() => {
    try {
      execFileSync("ip", ["netns", "delete", name], { stdio: "ignore" });
    } catch {
      // The test has deleted it already.
    }
  });

  test("is gone once it is deleted, and stays gone when another takes its name", () => {
    const sandboxes = new NodeSandboxes();
    execFileSync("ip", ["netns", "add", name]);
    const sandbox = sandboxes.observe(netns);
    if (sandbox === undefined) throw new Error("the namespace cannot be seen");
    expect(sandboxes.isGone(sandbox)).toBe(false);
    // Keeps the inode number in use: the kernel may give it to the next namespace otherwise.
    const holder = spawn("ip", ["netns", "exec", name, "sleep", "60"], { stdio: "ignore" });
    try {
      waitUntilInside(holder.pid ?? 0, sandbox.inode);
      execFileSync("ip", ["netns", "delete", name]);
      expect(sandboxes.isGone(sandbox)).toBe(true);
      execFileSync("ip", ["netns", "add", name]);
      expect(sandboxes.isGone(sandbox)).toBe(true);
      expect(sandboxes.observe(netns)?.inode).not.toBe(sandbox.inode);
    } finally {
      holder.kill();
    }
  });
});

function waitUntilInside(pid: number, inode: string): void {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (statSync(`/proc/${pid}/ns/net`, { bigint: true }).ino.toString() === inode) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  throw new Error(`process ${pid} did not enter the namespace`);
}
