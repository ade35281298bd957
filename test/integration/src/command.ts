import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** How a command runs. */
export interface CommandOptions {
  /** The whole environment of the command; the harness's own when absent. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it reads on standard input; nothing when absent. */
  readonly input?: string | undefined;
  /** After this time it is killed and the call throws. */
  readonly timeoutMs?: number | undefined;
  /** When it fires, the command is killed and the call throws. */
  readonly signal?: AbortSignal | undefined;
}

/** What a command that ran to its end left behind. */
export interface CommandResult {
  /** Its exit code; 128 when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command ended with another exit code than 0. The message holds the command and what it said. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly result: CommandResult;

  constructor(argv: readonly string[], result: CommandResult) {
    const said = `${result.stderr.trim()} ${result.stdout.trim()}`.trim();
    super(`${argv.join(" ")}: exit code ${result.exitCode}: ${said}`);
    this.result = result;
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Runs a program to its end in a process group of its own, so that a Ctrl-C in the terminal reaches the harness alone
 * and a deadline ends what the program started, too.
 *
 * @returns what it printed, whatever its exit code.
 * @throws Error when it cannot be started or does not end within its deadline; the signal's reason when that fires.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { detached: true, ...(options.env === undefined ? {} : { env: options.env }) });
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = AbortSignal.timeout(timeoutMs);
  const ending = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const kill = (): void => killGroup(child);
  ending.addEventListener("abort", kill, { once: true });
  try {
    const result = await collect(child, options.input);
    options.signal?.throwIfAborted();
    if (deadline.aborted) throw new Error(`${argv.join(" ")}: still running after ${timeoutMs} ms: ${result.stderr}`);
    return result;
  } finally {
    ending.removeEventListener("abort", kill);
  }
}

/**
 * Like {@link runCommand}, for commands that must succeed.
 *
 * @returns what it printed on standard output.
 * @throws CommandError when the exit code is not 0, and all that {@link runCommand} throws.
 */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.exitCode !== 0) throw new CommandError(argv, result);
  return result.stdout;
}

function collect(child: ChildProcessWithoutNullStreams, input = ""): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A program that ends without reading its input breaks the pipe: that is its right.
  child.stdin.on("error", () => undefined).end(input);
  child.once("error", reject);
  child.once("close", (code) => resolve({ exitCode: code ?? 128, stdout, stderr }));
  return promise;
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone already: that is the aim.
  }
}
