import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MountSight, type ProcessView } from "./mount-sight.ts";

const NODES_PIDS = "pid:[4026531836]";
const OTHER_PIDS = "pid:[4026532200]";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam sight-"));
  mkdirSync(join(folder, "netns"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** One line of mountinfo for each `<id> <mount point> <optional fields>`. */
function mounts(...lines: readonly (readonly [string, string, string])[]): string {
  return lines
    .map(
      ([id, point, tags]) =>
        `${id} 1 0:1 / ${point.replaceAll(" ", "\\040")} rw ${tags === "" ? "" : `${tags} `}- tmpfs tmpfs rw\n`,
    )
    .join("");
}

function sightOf(own: string, view: Partial<Record<keyof ProcessView, string>> = {}): MountSight {
  const { firstProcessMounts = mounts(["1", "/", ""]), pidNamespace = NODES_PIDS } = view;
  return new MountSight({
    ownMounts: () => own,
    firstProcessMounts: () => firstProcessMounts,
    pidNamespace: () => pidNamespace,
  });
}

test.each([
  ["shared", "shared:7", true],
  ["slave", "master:7", true],
  ["slave and shared", "shared:9 master:7", true],
  ["private", "", false],
  ["unbindable", "unbindable", false],
])("a folder on a mount that is %s shows what the node has: %s, %s", (_title, tags, expected) => {
  const sight = sightOf(mounts(["1", "/", "shared:1"], ["90", join(folder, "netns"), tags]), {
    firstProcessMounts: mounts(["2", "/", "shared:1"]),
  });
  expect(sight.isNodes(join(folder, "netns", "cni-1"))).toBe(expected);
});

test("a private mount that is the node's own shows what the node has", () => {
  const own = mounts(["41", "/", ""]);
  expect(sightOf(own, { firstProcessMounts: own }).isNodes(join(folder, "netns", "cni-1"))).toBe(true);
  expect(sightOf(own).isNodes(join(folder, "netns", "cni-1"))).toBe(false);
});

test("the first process of a container proves nothing, though its mounts are the same", () => {
  const own = mounts(["41", "/", ""]);
  const sight = sightOf(own, { firstProcessMounts: own, pidNamespace: OTHER_PIDS });
  expect(sight.isNodes(join(folder, "netns", "cni-1"))).toBe(false);
});

test("a container's own root does not count, though it is a slave of the node's", () => {
  expect(sightOf(mounts(["41", "/", "master:3"])).isNodes(join(folder, "netns", "cni-1"))).toBe(false);
});

test("of several mounts above a folder the nearest one counts, and of two on one point the later", () => {
  const netns = join(folder, "netns");
  const beside = mounts(["1", "/", "shared:1"], ["2", folder, ""], ["3", `${netns}-other`, "shared:3"]);
  expect(sightOf(beside).isNodes(join(netns, "cni-1"))).toBe(false);
  expect(sightOf(beside + mounts(["4", folder, "shared:4"])).isNodes(join(netns, "cni-1"))).toBe(true);
});

test("a folder is found through symbolic links", () => {
  symlinkSync(join(folder, "netns"), join(folder, "link"));
  const own = mounts(["1", "/", "shared:1"], ["2", join(folder, "netns"), ""]);
  expect(sightOf(own).isNodes(join(folder, "link", "cni-1"))).toBe(false);
});

test("what is under /proc is the node's in the node's PID namespace alone", () => {
  expect(sightOf("").isNodes("/proc/4711/ns/net")).toBe(true);
  expect(sightOf("", { pidNamespace: OTHER_PIDS }).isNodes("/proc/4711/ns/net")).toBe(false);
});

test("what cannot be read shows nothing", () => {
  const fail = (): string => {
    throw new Error("EACCES");
  };
  const sight = new MountSight({ ownMounts: fail, firstProcessMounts: fail, pidNamespace: fail });
  expect(sight.isNodes(join(folder, "netns", "cni-1"))).toBe(false);
  expect(sight.isNodes("/proc/1/ns/net")).toBe(false);
  expect(sightOf(mounts(["1", "/", "shared:1"])).isNodes(join(folder, "missing", "cni-1"))).toBe(false);
});

test("mounts are read once, and again after a refresh", () => {
  let reads = 0;
  let own = mounts(["1", "/", ""]);
  const sight = new MountSight({
    ownMounts: () => {
      reads += 1;
      return own;
    },
    firstProcessMounts: () => "",
    pidNamespace: () => NODES_PIDS,
  });
  const path = join(folder, "netns", "cni-1");
  expect([sight.isNodes(path), sight.isNodes(path)]).toEqual([false, false]);
  own = mounts(["1", dirname(folder), "shared:1"]);
  expect(sight.isNodes(path)).toBe(false);
  expect(reads).toBe(1);
  sight.refresh();
  expect(sight.isNodes(path)).toBe(true);
  expect(reads).toBe(2);
});
