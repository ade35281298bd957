import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { mustRun, runCommand } from "./command.ts";
import { NETNS_FOLDER, ownerOf, removeDeadRuns, unmountBelow } from "./dead-runs.ts";

describe("ownerOf", () => {
  test.each([
    ["cipam-4711-aB3xY9", 4711],
    ["cipam-4711-aB3xY9-n1", 4711],
    ["cipam-4711", undefined],
    ["cipam-4711-short", undefined],
    ["cipam-4711-aB3xY9n1", undefined],
    ["my-cipam-4711-aB3xY9", undefined],
    ["cipam--aB3xY9", undefined],
    ["cni-4711-aB3xY9", undefined],
  ])("%s belongs to %s", (name, pid) => {
    expect(ownerOf(name)).toBe(pid);
  });
});

describe("removeDeadRuns", () => {
  const made: string[] = [];

  afterEach(async () => {
    for (const name of made.splice(0)) {
      await runCommand(["ip", "netns", "delete", name]);
      await unmountBelow(join(tmpdir(), name));
      await rm(join(tmpdir(), name), { recursive: true, force: true });
    }
  });

  async function makeRunOf(pid: number): Promise<string> {
    const name = `cipam-${pid}-aaaaaa`;
    made.push(name);
    await mustRun(["ip", "netns", "add", name]);
    const disk = join(tmpdir(), name, "n1/state");
    await mkdir(disk, { recursive: true });
    await mustRun(["mount", "-t", "tmpfs", "-o", "size=64k", name, disk]);
    return name;
  }

  test("removes what a dead process made, and nothing of a living one", async () => {
    const child = spawn("true");
    await once(child, "exit");
    const dead = await makeRunOf(child.pid ?? 0);
    const living = await makeRunOf(process.pid);
    await removeDeadRuns();
    for (const folder of [NETNS_FOLDER, tmpdir()]) {
      const names = await readdir(folder);
      expect(names).not.toContain(dead);
      expect(names).toContain(living);
    }
    const mounts = await readFile("/proc/self/mounts", "utf8");
    expect(mounts).not.toContain(dead);
    expect(mounts).toContain(living);
  });
});
