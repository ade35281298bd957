import { open, rename, stat } from "node:fs/promises";
import { TRACE_MAX_BYTES } from "@cluster-ipam/cni";
import type { Logger } from "@cluster-ipam/telemetry";

const FILE_MODE = 0o600;
/** What waits for the disk at most; a disk that is slower than the calls loses the rest. */
const WAITING_MAX_CHARACTERS = 8 * 1024 * 1024;

/** Where one file's lines go. */
export interface TraceFileOptions {
  readonly log: Logger;
  /** Longest file; {@link TRACE_MAX_BYTES} when absent. */
  readonly maxBytes?: number;
}

/**
 * Writes lines to the end of files, behind the back of the calls that they are about. A file that is long enough becomes
 * `<file>.1`, in the place of the one before, so that two are all there ever are.
 */
export class TraceFile {
  readonly #log: Logger;
  readonly #maxBytes: number;
  #waiting: { readonly path: string; readonly line: string }[] = [];
  #waitingCharacters = 0;
  #lost = 0;
  #isTold = false;
  #writing: Promise<void> | undefined;

  constructor({ log, maxBytes = TRACE_MAX_BYTES }: TraceFileOptions) {
    this.#log = log;
    this.#maxBytes = maxBytes;
  }

  /** Adds a line, some time soon. Never throws; what cannot be written is told to the log once, until it works again. */
  append(path: string, line: string): void {
    if (this.#waitingCharacters + line.length > WAITING_MAX_CHARACTERS) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push({ path, line });
    this.#waitingCharacters += line.length;
    this.#writing ??= this.#write();
  }

  /** Resolves when everything has been written, or given up. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // Lines of one turn go in one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const { path, text, lines } = this.#takeWaiting();
      try {
        await this.#writeText(path, text);
        this.#tellLost();
      } catch (err) {
        if (!this.#isTold) this.#log.warn({ err, file: path }, "trace cannot be written");
        this.#isTold = true;
        this.#lost += lines;
      }
    }
    this.#writing = undefined;
  }

  /** As many lines as go into the same file, and leave it shorter than the bound if they can. */
  #takeWaiting(): { readonly path: string; readonly text: string; readonly lines: number } {
    const [first] = this.#waiting;
    const path = first?.path ?? "";
    let text = "";
    let lines = 0;
    for (const waiting of this.#waiting) {
      if (waiting.path !== path || (lines > 0 && text.length + waiting.line.length > this.#maxBytes)) break;
      text += waiting.line;
      lines += 1;
    }
    this.#waiting = this.#waiting.slice(lines);
    this.#waitingCharacters -= text.length;
    return { path, text, lines };
  }

  async #writeText(path: string, text: string): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && !found.isFile()) throw new Error(`${path} is no regular file`);
    const bytes = Buffer.from(text, "utf8");
    const size = found?.size ?? 0;
    if (size > 0 && size + bytes.length > this.#maxBytes) await rename(path, `${path}.1`);
    await using file = await open(path, "a", FILE_MODE);
    await file.writeFile(bytes);
  }

  #tellLost(): void {
    this.#isTold = false;
    if (this.#lost === 0) return;
    this.#log.warn({ calls: this.#lost }, "calls are missing in the trace");
    this.#lost = 0;
  }
}
