import { mkdtempSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@cluster-ipam/allocator/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogLines } from "../testing/log-lines.ts";
import { keepPresence } from "./presence.ts";

let folder: string;
let path: string;
let clock: FakeClock;
let lines: LogLines;
let ended: AbortController;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-presence-"));
  path = join(folder, "agent.sock.alive");
  clock = new FakeClock();
  lines = new LogLines();
  ended = new AbortController();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function keep(at: string = path): Promise<void> {
  return keepPresence(at, { clock, log: lines.log, signal: ended.signal });
}

/** Makes the file look as if it had been written an hour ago. */
function age(): void {
  const then = new Date(Date.now() - 3_600_000);
  utimesSync(path, then, then);
}

function ageMs(): number {
  return Date.now() - statSync(path).mtimeMs;
}

test("the file is there at once, for its owner alone, and is renewed every five seconds", async () => {
  const kept = keep();
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.mode).toBe(0o100600);
  age();
  await expect
    .poll(async () => {
      await clock.advance(5_000);
      return ageMs();
    })
    .toBeLessThan(60_000);
  ended.abort();
  await kept;
});

test("it is renewed a last time when the agent ends, and stays", async () => {
  const kept = keep();
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })).toBeDefined();
  age();
  ended.abort();
  await kept;
  expect(ageMs()).toBeLessThan(60_000);
});

test("a file that cannot be written is told to the log once, and keeps nobody from work", async () => {
  const kept = keep(join(folder, "missing", "agent.sock.alive"));
  await expect.poll(() => lines.with("file that shows the agent's presence cannot be written")).toHaveLength(1);
  await clock.advance(20_000);
  ended.abort();
  await kept;
  expect(lines.with("file that shows the agent's presence cannot be written")).toHaveLength(1);
});
