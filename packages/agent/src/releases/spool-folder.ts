import { type Dirent, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@cluster-ipam/allocator";
import {
  decodeSpooledRelease,
  encodeSpooledRelease,
  isSpoolDraftName,
  isSpoolFileName,
  type SpoolReading,
} from "@cluster-ipam/cni";
import type { Logger } from "@cluster-ipam/telemetry";
import type { AgentMeter } from "../agent-meter.ts";
import type { Spool, SpooledFile, SpoolSlice } from "./spool.ts";

/** Owner only: whoever can write to the spool can release every address of the node. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Where files go that are no releases. */
const BAD_FOLDER = "bad";
/** So many of them are kept for people to look at; the one that lies there longest goes first. */
const BAD_LIMIT = 100;
/** Files that are opened in one go: some milliseconds of reading. */
const SLICE_FILES = 200;
/** Far longer than a release; what is longer is not even read. */
const FILE_MAX_BYTES = 65_536;
/** Far longer than a plugin takes to write a file: a draft that old belongs to one that was killed. */
const DRAFT_LIFETIME_MS = 600_000;

/** What a {@link SpoolFolder} works with. */
export interface SpoolFolderDeps {
  readonly log: Logger;
  readonly clock: Pick<Clock, "nowMs">;
  readonly meter: Pick<AgentMeter, "spoolFileSetAside">;
}

/**
 * The spool as a folder of the node.
 *
 * Reading is synchronous on purpose: nearly always there is nothing but one readdir of an empty folder, and no call can
 * come between what was read and what is then known.
 */
export class SpoolFolder implements Spool {
  readonly #path: string;
  readonly #log: Logger;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #meter: SpoolFolderDeps["meter"];
  /** When each draft was first seen. */
  readonly #drafts = new Map<string, number>();
  /** What could be neither read nor set aside, and has been told. */
  readonly #given = new Set<string>();
  #isReadable = true;
  /** Number of files begun. */
  #drafted = 0;

  constructor(path: string, { log, clock, meter }: SpoolFolderDeps) {
    this.#path = path;
    this.#log = log;
    this.#clock = clock;
    this.#meter = meter;
  }

  read(isKnown: (name: string) => boolean): SpoolSlice {
    const entries = this.#entries();
    const drafts = entries.filter(({ name }) => isSpoolDraftName(name)).map(({ name }) => name);
    this.#forgetDraftsBut(new Set(drafts));
    for (const name of drafts) this.#removeAgedDraft(name);
    const isNew = ({ name }: Dirent): boolean =>
      name !== BAD_FOLDER && !isSpoolDraftName(name) && !this.#given.has(name) && !isKnown(name);
    const news = entries.filter(isNew);
    const files = news.slice(0, SLICE_FILES).flatMap((entry) => this.#readEntry(entry));
    return { files, isLast: news.length <= SLICE_FILES };
  }

  async write({ name, release }: SpooledFile): Promise<void> {
    const made = await mkdir(this.#path, { recursive: true, mode: FOLDER_MODE });
    // A DEL that is put off while its release goes on writes its file twice: each on a draft of its own.
    this.#drafted += 1;
    const draft = join(this.#path, `${name}.${process.pid}-${this.#drafted}.tmp`);
    try {
      await writeFile(draft, encodeSpooledRelease(release), { mode: FILE_MODE, flush: true });
      await rename(draft, join(this.#path, name));
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncFolder(this.#path);
    if (made !== undefined) await syncFolder(dirname(this.#path));
  }

  remove(name: string): void {
    rmSync(join(this.#path, name), { force: true });
  }

  #entries(): readonly Dirent[] {
    try {
      const entries = readdirSync(this.#path, { withFileTypes: true });
      this.#isReadable = true;
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    } catch (err) {
      // Nobody has spooled anything yet.
      if (codeOf(err) === "ENOENT") return [];
      if (this.#isReadable) this.#log.error({ err, path: this.#path }, "spool cannot be read");
      this.#isReadable = false;
      return [];
    }
  }

  #readEntry(entry: Dirent): readonly SpooledFile[] {
    const { name } = entry;
    try {
      const reading = this.#decode(entry);
      if (reading.kind === "release") return [{ name, release: reading.release }];
      this.#setAside(name, reading.reason);
    } catch (err) {
      this.#giveUp(name, err);
    }
    return [];
  }

  #decode(entry: Dirent): SpoolReading {
    const path = join(this.#path, entry.name);
    // Asked before it is opened: a pipe would be waited for, with every call of the node behind it.
    if (!entry.isFile()) return { kind: "bad", reason: "it is no regular file" };
    if (!isSpoolFileName(entry.name)) return { kind: "bad", reason: "its name is not that of a release" };
    const { size } = statSync(path);
    if (size > FILE_MAX_BYTES) return { kind: "bad", reason: `it has ${size} bytes, more than any release` };
    return decodeSpooledRelease(readFileSync(path, "utf8"));
  }

  #setAside(name: string, reason: string): void {
    const folder = join(this.#path, BAD_FOLDER);
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    makeRoom(folder);
    renameSync(join(this.#path, name), join(folder, name));
    this.#meter.spoolFileSetAside();
    this.#log.error({ file: name, reason, folder }, "file in the spool is no release and was set aside");
  }

  #giveUp(name: string, err: unknown): void {
    if (codeOf(err) === "ENOENT") return;
    this.#given.add(name);
    this.#log.error({ err, file: name }, "file in the spool can be neither read nor set aside");
  }

  #forgetDraftsBut(names: ReadonlySet<string>): void {
    for (const name of this.#drafts.keys()) if (!names.has(name)) this.#drafts.delete(name);
  }

  #removeAgedDraft(name: string): void {
    const nowMs = this.#clock.nowMs();
    const seenAtMs = this.#drafts.get(name) ?? nowMs;
    this.#drafts.set(name, seenAtMs);
    if (nowMs - seenAtMs < DRAFT_LIFETIME_MS) return;
    this.#drafts.delete(name);
    try {
      this.remove(name);
    } catch (err) {
      this.#giveUp(name, err);
    }
  }
}

/** @throws the error of the file system */
function makeRoom(folder: string): void {
  const names = readdirSync(folder);
  if (names.length < BAD_LIMIT) return;
  // The time of its renaming: its own may be anything.
  const ages = names.map((name) => ({ name, movedAtMs: lstatSync(join(folder, name)).ctimeMs }));
  const oldest = ages.reduce((first, other) => (other.movedAtMs < first.movedAtMs ? other : first));
  rmSync(join(folder, oldest.name), { recursive: true, force: true });
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path);
  await folder.sync();
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
