import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Run } from "./run.ts";

/** A program that runs until it is told to end. */
export interface DaemonOptions {
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets standard output and standard error; appended to. */
  readonly logPath: string;
}

/** How long a daemon has to end after SIGTERM before it is killed. */
const STOP_TIMEOUT_MS = 20_000;

/** How much of a log an error message quotes. */
const QUOTED_LINES = 15;

/**
 * A child process that cannot outlive the harness: the kernel kills it when its parent dies, whatever the parent dies
 * of (PR_SET_PDEATHSIG). It leads a process group of its own, so that a Ctrl-C in the terminal does not reach it and
 * the harness decides the order of the end.
 */
export class Daemon {
  readonly logPath: string;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  private constructor(name: string, child: ChildProcess, logPath: string) {
    this.#name = name;
    this.logPath = logPath;
    this.#child = child;
    this.#exited = once(child, "exit").then(() => undefined);
  }

  /** Starts a program; it is killed with its run at the latest. @param name - what errors call it. */
  static async start(run: Run, name: string, options: DaemonOptions): Promise<Daemon> {
    run.signal.throwIfAborted();
    const log = await open(options.logPath, "a");
    try {
      const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...options.argv], {
        env: options.env,
        stdio: ["ignore", log.fd, log.fd],
        detached: true,
      });
      await once(child, "spawn");
      const daemon = new Daemon(name, child, options.logPath);
      run.defer(() => daemon.kill());
      return daemon;
    } finally {
      await log.close();
    }
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Throws with the end of its log if it has ended: for loops that wait until it is ready. */
  async assertRunning(): Promise<void> {
    if (!this.hasExited) return;
    const tail = (await this.log()).trimEnd().split("\n").slice(-QUOTED_LINES).join("\n");
    throw new Error(`${this.#name} ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${tail}`);
  }

  /** Sends SIGTERM and waits for the end. @returns the exit code; undefined if it had to be killed. */
  async stop(timeoutMs: number = STOP_TIMEOUT_MS): Promise<number | undefined> {
    this.#send("SIGTERM");
    const timer = new AbortController();
    const isLate = await Promise.race([
      this.#exited.then(() => false),
      delay(timeoutMs, true, { signal: timer.signal }).catch(() => true),
    ]);
    timer.abort();
    if (isLate) await this.kill();
    return this.#child.exitCode ?? undefined;
  }

  /** Sends SIGKILL and waits for the end. */
  async kill(): Promise<void> {
    this.#send("SIGKILL");
    if (!this.hasExited) await this.#exited;
  }

  /** Stops it in its tracks (SIGSTOP): it keeps its connections, and answers nothing. */
  pause(): void {
    this.#send("SIGSTOP");
  }

  /** Lets it go on after {@link pause}. */
  resume(): void {
    this.#send("SIGCONT");
  }

  /** All that it has written so far. */
  async log(): Promise<string> {
    return await readFile(this.logPath, "utf8");
  }

  #send(signal: NodeJS.Signals): void {
    if (!this.hasExited) this.#child.kill(signal);
  }
}
