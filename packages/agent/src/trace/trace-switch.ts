import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Clock } from "@cluster-ipam/allocator";
import { traceControlPath, tracePath } from "@cluster-ipam/cni";
import type { Logger } from "@cluster-ipam/telemetry";

/** A switch that is thrown takes effect within that time, and a call costs no look at the disk more often. */
const LOOK_EVERY_MS = 1_000;
/** Far longer than a path; the first line of a longer file is not read. */
const CONTROL_MAX_BYTES = 65_536;
/** What tells a control file of the agent's own from one that somebody else wrote. */
const OWN_MARK = "written by cluster-ipam-agent for --trace-file";

/** What a {@link TraceSwitch} works with. */
export interface TraceSwitchDeps {
  /** The agent's folder on the node; the plugin looks there, too. */
  readonly stateFolder: string;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: Logger;
}

/**
 * Whether calls are traced, and into which file: what the control file in the state folder says, which the plugin
 * follows as well. Looked at when calls come, and not at any other time. No method throws; the log is told.
 */
export class TraceSwitch {
  readonly #deps: TraceSwitchDeps;
  readonly #control: string;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** The control file as it was when it was read. */
  #version = "";
  #path: string | undefined;
  #isTold = false;

  constructor(deps: TraceSwitchDeps) {
    this.#deps = deps;
    this.#control = traceControlPath(deps.stateFolder);
  }

  /** Where calls are traced now; undefined while they are not. */
  get path(): string | undefined {
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      this.#look();
    }
    return this.#path;
  }

  /**
   * Throws the switch as the command line says, once, at the agent's start: `--trace-file` switches on, for the plugin
   * too; a start without it takes back what an earlier start switched on. A control file of somebody else's stands.
   */
  applyFlag(traceFile: string | undefined): void {
    const { log } = this.#deps;
    try {
      const text = this.#readControl();
      const isOwn = text?.includes(OWN_MARK) === true;
      if (text !== undefined && !isOwn) {
        if (traceFile !== undefined)
          log.warn({ file: this.#control }, "trace is switched by hand, flag is passed over");
        return;
      }
      if (traceFile !== undefined) this.#writeControl(traceFile);
      else if (isOwn) rmSync(this.#control, { force: true });
    } catch (err) {
      log.warn({ err, file: this.#control }, "trace cannot be switched");
    }
  }

  #look(): void {
    const before = this.#path;
    const { log, stateFolder } = this.#deps;
    try {
      const found = statSync(this.#control, { throwIfNoEntry: false });
      const version = found === undefined ? "" : `${found.ino}/${found.mtimeMs}/${found.size}`;
      if (version === this.#version) return;
      this.#version = version;
      const text = this.#readControl();
      this.#path = text === undefined ? undefined : tracePath(text, stateFolder);
      this.#isTold = false;
    } catch (err) {
      if (!this.#isTold) log.warn({ err, file: this.#control }, "trace's control file cannot be read");
      this.#isTold = true;
      this.#version = "unreadable";
      this.#path = undefined;
    }
    if (this.#path !== before)
      log.info({ file: this.#path }, this.#path === undefined ? "trace is off" : "trace is on");
  }

  /** Renamed into its place: the plugin finds the whole of it, or none. */
  #writeControl(traceFile: string): void {
    const draft = `${this.#control}.${process.pid}.tmp`;
    try {
      writeFileSync(draft, `${traceFile}\n${OWN_MARK}\n`, { mode: 0o600 });
      renameSync(draft, this.#control);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** The text of the control file; undefined where there is none. */
  #readControl(): string | undefined {
    const found = statSync(this.#control, { throwIfNoEntry: false });
    // Asked before it is opened: a pipe would be waited for.
    if (found?.isFile() !== true) return undefined;
    return found.size > CONTROL_MAX_BYTES ? "" : readFileSync(this.#control, "utf8");
  }
}
