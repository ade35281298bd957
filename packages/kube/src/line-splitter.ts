const LINE_FEED = 0x0a;
/** Far above the largest object that etcd takes (1.5 MiB) with what its JSON adds. */
const LINE_MAX_BYTES = 16 << 20;

/** A line is longer than any that an API server writes. */
export class LineTooLong extends Error {
  override readonly name: string = "LineTooLong";
}

/** Cuts a stream of bytes into lines of UTF-8, and keeps no more of it than the line that has begun. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #pendingBytes = 0;

  /** @param onLine gets each whole line, without its line feed */
  constructor(onLine: (line: string) => void, maxBytes: number = LINE_MAX_BYTES) {
    this.#onLine = onLine;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a line that has not ended yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Takes the next bytes. @throws LineTooLong; what `onLine` throws */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = this.#lineEndingWith(chunk.subarray(start, end));
      start = end + 1;
      this.#onLine(line);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #lineEndingWith(last: Buffer): string {
    if (this.#pieces.length === 0) return last.toString();
    const line = Buffer.concat([...this.#pieces, last]).toString();
    this.#pieces = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keep(piece: Buffer): void {
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes > this.#maxBytes) throw new LineTooLong(`a line of more than ${this.#maxBytes} bytes`);
    this.#pieces.push(piece);
  }
}
