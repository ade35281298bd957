import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FakeClock, MemoryLeaseStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { encodeSpooledRelease, spoolFileName } from "@cluster-ipam/cni";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Agent } from "../agent.ts";
import { written } from "../testing/agent-world.ts";
import { attachmentOf } from "../testing/cni-calls.ts";
import { LogLines } from "../testing/log-lines.ts";
import { memoryDeps } from "../testing/memory-deps.ts";
import { leaseOf } from "../testing/objects.ts";
import { TickingClock } from "../testing/ticking-clock.ts";
import { SpoolFolder } from "./spool-folder.ts";

/** What a spool folder of a real disk must bear. */

const SLICE = 200;

let folder: string;
let path: string;
let lines: LogLines;
let setAside: number;
let spool: SpoolFolder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-spool-"));
  path = join(folder, "spool");
  mkdirSync(path);
  lines = new LogLines();
  setAside = 0;
  const meter = { spoolFileSetAside: () => void (setAside += 1) };
  spool = new SpoolFolder(path, { log: lines.log, clock: { nowMs: () => 0 }, meter });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(number: number): string {
  const attachment = attachmentOf({ containerId: `c${number}` });
  const release = { attachment, startedAtNs: BigInt(1_000 + number), bootId: "boot-1" };
  const name = spoolFileName(release);
  writeFileSync(join(path, name), encodeSpooledRelease(release));
  return name;
}

describe("a spool with many files", () => {
  test("is read in order, part by part", () => {
    const names = Array.from({ length: 2 * SLICE + 1 }, (_, number) => put(number));
    const known: string[] = [];
    const sizes: number[] = [];
    for (let isLast = false; !isLast; ) {
      const slice = spool.read((name) => known.includes(name));
      isLast = slice.isLast;
      sizes.push(slice.files.length);
      known.push(...slice.files.map(({ name }) => name));
    }
    expect(sizes).toEqual([SLICE, SLICE, 1]);
    expect(known).toEqual(names);
  });

  test("does not stop at a part of it that holds nothing but strangers", () => {
    for (let number = 0; number < SLICE; number += 1) writeFileSync(join(path, `!${number}`), "");
    const name = put(1);
    expect(spool.read(() => false)).toEqual({ files: [], isLast: false });
    expect(spool.read(() => false).files.map((file) => file.name)).toEqual([name]);
  });

  test("of which 5,000 are replayed leaves other work its turn, and does not flood the server", {
    timeout: 120_000,
  }, async () => {
    const COUNT = 5_000;
    const leases = new MemoryLeaseStore();
    for (let number = 0; number < COUNT; number += 1) {
      put(number);
      const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
      await written(leases, leaseOf(address, { containerID: `c${number}` }));
    }
    leases.faults.calls.length = 0;
    const clock = new FakeClock();
    const pools = new MemoryPoolStore();
    const agent = new Agent(memoryDeps({ leases, pools, clock: new TickingClock(clock), log: lines.log, spool }));
    // No more than one part of it in one go, before anything else had its turn.
    expect(agent.health().spooledReleases).toBe(SLICE);
    for (let ms = 0; ms < 200; ms += 1) await clock.advance(1);
    await agent.loaded;
    expect(agent.health().spooledReleases).toBe(COUNT);
    for (let ms = 0; ms < 1_200; ms += 1) await clock.advance(1);
    expect(leases.snapshot()).toEqual([]);
    const operations = leases.faults.calls.map(({ operation }) => operation);
    expect(operations.filter((operation) => operation === "listByNode")).toHaveLength(2);
    expect(operations.filter((operation) => operation === "delete")).toHaveLength(COUNT);
    await clock.advance(130_000);
    for (let ms = 0; ms < 200; ms += 1) await clock.advance(1);
    expect(readdirSync(path)).toEqual([]);
    await agent.close();
  });
});

describe("what was set aside", () => {
  test("is counted", () => {
    writeFileSync(join(path, "README"), "");
    spool.read(() => false);
    expect(setAside).toBe(1);
  });

  test("is kept up to a hundred files, of which the one that lies there longest goes first", async () => {
    for (let number = 0; number < 100; number += 1) writeFileSync(join(path, `stranger-${number}`), "");
    spool.read(() => false);
    const bad = join(path, "bad");
    const changedAtMs = lstatSync(join(bad, "stranger-7")).ctimeMs;
    // Its own time says nothing, what happened to its entry does: all others are touched after it.
    while (Date.now() <= Math.ceil(changedAtMs) + 20) await sleep(5);
    for (const name of readdirSync(bad)) if (name !== "stranger-7") utimesSync(join(bad, name), 1, 1);
    writeFileSync(join(path, "one-more"), "");
    spool.read(() => false);
    const names = readdirSync(bad);
    expect(names).toHaveLength(100);
    expect(names).toContain("one-more");
    expect(names).not.toContain("stranger-7");
  });
});

test("a writer that is killed again and again leaves whole files and drafts, and nothing else", {
  timeout: 120_000,
}, async () => {
  for (let time = 0; time < 8; time += 1) {
    const before = readdirSync(path).length;
    const writer = startWriter(time);
    while (readdirSync(path).length < before + 20 + 7 * time) await sleep(1);
    writer.kill("SIGKILL");
    await once(writer, "exit");
  }
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  expect(names.length).toBeGreaterThan(100);
  const read = new Set<string>();
  for (let isLast = false; !isLast; ) {
    const slice = spool.read((name) => read.has(name));
    isLast = slice.isLast;
    for (const { name } of slice.files) read.add(name);
  }
  expect(read.size).toBe(names.length);
  expect(setAside).toBe(0);
});

/** A process that writes one release after the other, as fast as the disk takes them. */
function startWriter(round: number): ChildProcess {
  const script = `
    import { spoolFileName } from "@cluster-ipam/cni";
    import { SpoolFolder } from ${JSON.stringify(join(import.meta.dirname, "spool-folder.ts"))};
    const log = { error() {}, warn() {}, info() {} };
    const spool = new SpoolFolder(${JSON.stringify(path)}, { log, clock: { nowMs: () => 0 }, meter: {} });
    for (let number = 0; ; number += 1) {
      const attachment = { network: "lan", containerId: "c${round}-" + number, ifName: "net1" };
      const release = { attachment, startedAtNs: BigInt(number), bootId: "boot-1" };
      await spool.write({ name: spoolFileName(release), release });
    }`;
  const argv = ["--conditions=@cluster-ipam/source", "--input-type=module", "--eval", script];
  return spawn(process.execPath, argv, { cwd: import.meta.dirname, stdio: "inherit" });
}
