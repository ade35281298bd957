import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSpooledRelease, spoolFileName } from "@cluster-ipam/cni";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NO_METER } from "../agent-meter.ts";
import { attachmentOf } from "../testing/cni-calls.ts";
import { LogLines } from "../testing/log-lines.ts";
import { SpoolFolder } from "./spool-folder.ts";

const RELEASE = { attachment: attachmentOf(), startedAtNs: 2_000n, bootId: "boot-1" };
const NAME = spoolFileName(RELEASE);
const TEXT = encodeSpooledRelease(RELEASE);
const SET_ASIDE = "file in the spool is no release and was set aside";
const GIVEN_UP = "file in the spool can be neither read nor set aside";

let folder: string;
let path: string;
let clock: { now: number; nowMs(): number };
let lines: LogLines;
let spool: SpoolFolder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-spool-"));
  path = join(folder, "spool");
  clock = { now: 0, nowMs: () => clock.now };
  lines = new LogLines();
  spool = new SpoolFolder(path, { log: lines.log, clock, meter: NO_METER });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(isKnown: (name: string) => boolean = () => false): readonly string[] {
  return spool.read(isKnown).files.map(({ name }) => name);
}

/** Puts a file there that no plugin has written. */
function plant(name: string, text: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, name), text);
}

describe("a spool that cannot be used", () => {
  test("is empty while there is no folder, and nothing to talk about", () => {
    expect(read()).toEqual([]);
    expect(existsSync(path)).toBe(false);
    expect(lines.with("spool cannot be read")).toEqual([]);
  });

  test("is told once where it is no folder, and again after it was one", () => {
    for (let time = 0; time < 2; time += 1) {
      writeFileSync(path, "");
      for (let look = 0; look < 3; look += 1) expect(read()).toEqual([]);
      rmSync(path);
      mkdirSync(path);
      expect(read()).toEqual([]);
      rmSync(path, { recursive: true });
    }
    expect(lines.with("spool cannot be read")).toHaveLength(2);
  });

  test("is an error to who writes to it, with no part of a file left", async () => {
    writeFileSync(path, "");
    await expect(spool.write({ name: NAME, release: RELEASE })).rejects.toThrow(/EEXIST|ENOTDIR/);
    rmSync(path);
    mkdirSync(join(path, NAME, "full"), { recursive: true });
    await expect(spool.write({ name: NAME, release: RELEASE })).rejects.toThrow(/EISDIR|ENOTEMPTY/);
    expect(readdirSync(path)).toEqual([NAME]);
  });

  test("says so where a file cannot be removed", () => {
    mkdirSync(join(path, NAME), { recursive: true });
    expect(() => spool.remove(NAME)).toThrow("directory");
  });
});

describe("what is no release", () => {
  test("is set aside when it was cut anywhere, and the rest is read", () => {
    const other = { ...RELEASE, startedAtNs: 3_000n };
    plant(spoolFileName(other), encodeSpooledRelease(other));
    for (let length = 0; length < TEXT.length - 1; length += 1) {
      plant(NAME, TEXT.slice(0, length));
      expect(read(), `${length} bytes`).toEqual([spoolFileName(other)]);
      expect(readFileSync(join(path, "bad", NAME), "utf8")).toBe(TEXT.slice(0, length));
    }
    expect(lines.with(SET_ASIDE)).toHaveLength(TEXT.length - 1);
  });

  test.each([
    ["of another version", NAME, '{"version":2}', "version is 2"],
    ["of no format at all", NAME, "\0".repeat(150), "not a JSON object"],
    ["far too long", NAME, TEXT.padEnd(70_000), "70000 bytes"],
    ["a backup of an editor", `${NAME}~`, TEXT, "name"],
    ["a stranger", "README", "hello", "name"],
  ])("is set aside and told when it is %s", (_, name, text, reason) => {
    plant(name, text);
    expect(read()).toEqual([]);
    expect(readdirSync(path)).toEqual(["bad"]);
    expect(readFileSync(join(path, "bad", name), "utf8")).toBe(text);
    expect(lines.with(SET_ASIDE)).toMatchObject([{ file: name, reason: expect.stringContaining(reason) }]);
    expect(read()).toEqual([]);
    expect(lines.with(SET_ASIDE)).toHaveLength(1);
  });

  test("is set aside unread when it is a folder, a link or a socket", async () => {
    mkdirSync(join(path, "00000000000000002000-0000000000000001.json"), { recursive: true });
    symlinkSync("/etc/passwd", join(path, "00000000000000002000-0000000000000002.json"));
    const server = createServer().listen(join(path, "00000000000000002000-0000000000000003.json"));
    await once(server, "listening");
    expect(read()).toEqual([]);
    expect(readdirSync(path)).toEqual(["bad"]);
    expect(readdirSync(join(path, "bad"))).toHaveLength(3);
    server.close();
  });

  test("is told once and left where it cannot be set aside", () => {
    plant(NAME, "{");
    writeFileSync(join(path, "bad"), "a file in its place");
    for (let look = 0; look < 3; look += 1) expect(read()).toEqual([]);
    expect(lines.with(GIVEN_UP)).toMatchObject([{ file: NAME }]);
    expect(readFileSync(join(path, NAME), "utf8")).toBe("{");
  });
});

describe("a file on its way to its name", () => {
  const DRAFT = `${NAME}.77.tmp`;

  test("is left alone, however often it is seen, until its writer must be dead", () => {
    plant(DRAFT, TEXT.slice(0, 20));
    for (clock.now = 0; clock.now < 600_000; clock.now += 10_000) expect(read()).toEqual([]);
    expect(existsSync(join(path, DRAFT))).toBe(true);
    read();
    expect(existsSync(join(path, DRAFT))).toBe(false);
    expect(lines.with(SET_ASIDE)).toEqual([]);
  });

  test("has its time from the moment it is seen, also when its like was seen long ago", () => {
    plant(DRAFT, "");
    read();
    rmSync(join(path, DRAFT));
    clock.now = 300_000;
    read();
    plant(DRAFT, "");
    clock.now = 650_000;
    read();
    expect(existsSync(join(path, DRAFT))).toBe(true);
  });
});

test("what is written is read by the next process, in the order of the starts", async () => {
  const starts = [30_000n, 4_000n, 200n];
  for (const startedAtNs of starts) {
    const release = { ...RELEASE, startedAtNs };
    await spool.write({ name: spoolFileName(release), release });
  }
  const next = new SpoolFolder(path, { log: lines.log, clock, meter: NO_METER });
  expect(next.read(() => false).files.map(({ release }) => release)).toEqual(
    starts.toReversed().map((startedAtNs) => ({ ...RELEASE, startedAtNs })),
  );
  expect(readdirSync(path)).toHaveLength(3);
});

test("a release that is written twice at once is there, whole, with no draft beside it", async () => {
  await Promise.all(Array.from({ length: 20 }, () => spool.write({ name: NAME, release: RELEASE })));
  expect(readdirSync(path)).toEqual([NAME]);
  expect(readFileSync(join(path, NAME), "utf8")).toBe(TEXT);
});

test("folder and file are the owner's alone", async () => {
  await spool.write({ name: NAME, release: RELEASE });
  expect([path, join(path, NAME)].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o600]);
});

test("a file that is known is not read again, and one that is removed is gone", async () => {
  await spool.write({ name: NAME, release: RELEASE });
  expect(read((name) => name === NAME)).toEqual([]);
  spool.remove(NAME);
  spool.remove(NAME);
  expect(readdirSync(path)).toEqual([]);
  appendFileSync(join(path, NAME), TEXT);
  expect(read()).toEqual([NAME]);
});
