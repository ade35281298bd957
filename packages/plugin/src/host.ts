/** A value now or later: a native host answers at once, Node cannot. */
export type Awaitable<T> = T | Promise<T>;

/** One exchange with the agent. Both times count from the call of {@link Host.exchange}. */
export interface ExchangeCall {
  /** The path of the unix socket. */
  readonly path: string;
  /** The request's whole text, to be sent as UTF-8. */
  readonly request: string;
  /** How long to go on trying to connect while nobody listens; 0 tries once. */
  readonly connectForMs: number;
  /** When to give up altogether. */
  readonly answerWithinMs: number;
}

/**
 * How an exchange ended.
 *
 * - `answer`: the other side closed its end; `text` is all that it had sent, decoded from UTF-8, and may be cut off.
 * - `unreachable`: never connected, so nothing was sent.
 * - `timeout`: connected, and no end of stream within the time. What was sent may have been carried out.
 * - `broken`: the connection failed after it was made, or more came than any answer has (16 MiB, EMSGSIZE). What was sent
 *   may have been carried out.
 */
export type ExchangeOutcome =
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "broken"; readonly reason: string };

/** A moment of CLOCK_BOOTTIME: it goes on while the machine is suspended and is the same for every process. */
export interface BootTime {
  /** Nanoseconds since the boot. */
  readonly ns: bigint;
  /** Names the boot; "" where that cannot be told. */
  readonly bootId: string;
  /** The same moment by the wall clock, in milliseconds since 1970: for people to read, never to be compared. */
  readonly epochMs: number;
}

/** Everything that a CNI call needs of the machine it runs on. Any method may throw; the caller then gets an error. */
export interface Host {
  /** Standard input to its end, decoded from UTF-8; what is not UTF-8 becomes U+FFFD. */
  readStdin(): string;
  /** The environment of the process. */
  env(): Readonly<Record<string, string>>;
  /** Connects, sends the request and reads to end of stream, without closing its own end before that. */
  exchange(call: ExchangeCall): Awaitable<ExchangeOutcome>;
  /** Writes all of `text` as UTF-8. A reader that has gone away is no error. */
  write(stream: "stdout" | "stderr", text: string): void;
  /**
   * Makes a file of `text` that outlives the machine's failure: writes it as UTF-8 under `path` with a suffix that ends
   * in `.tmp`, syncs it, renames it to `path`, and syncs the folder. A folder that is missing is made, for its owner
   * only. After an error there is no file at `path`, or the whole one; only a process that is killed leaves the other.
   */
  writeFile(path: string, text: string): void;
  /** How long ago the file was written last, in milliseconds; undefined where there is none. */
  fileAgeMs(path: string): number | undefined;
  /**
   * The text of a file, decoded from UTF-8 and cut after 64 KiB; undefined where there is none, or something else than
   * a regular file. Never waits.
   */
  readFile(path: string): string | undefined;
  /**
   * Adds `text` as UTF-8 to the end of a file in one write, so that lines of several writers do not mix; makes the file,
   * for its owner only, but not its folder. Does nothing to a file that has `maxBytes` already. Never waits.
   */
  appendFile(path: string, text: string, maxBytes: number): void;
  /** The time now. */
  bootTime(): BootTime;
}
