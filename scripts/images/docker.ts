import { runChild } from "../process/child.ts";
import { Failure } from "../process/failure.ts";

/** How much of a failed command's output is shown. */
const SHOWN_LINES = 15;

/** What to do where no engine answers. */
const ENGINE_HINT =
  "no Docker engine answers: install one (Debian: apt-get install docker.io) and start it (systemctl start docker, or " +
  "dockerd by hand), or let DOCKER_HOST name one";

/** Runs the `docker` command for one checkout. */
export class Docker {
  readonly #cwd: string;
  readonly #signal: AbortSignal;
  readonly #environment: readonly string[];

  private constructor(cwd: string, signal: AbortSignal, environment: readonly string[]) {
    this.#cwd = cwd;
    this.#signal = signal;
    this.#environment = environment;
  }

  /** Looks for an engine. @throws Failure of one line that says how to get one. */
  static async connect(cwd: string, signal: AbortSignal): Promise<Docker> {
    const plain = new Docker(cwd, signal, []);
    const server = await plain.#try(["version", "--format", "{{.Server.Version}}"]);
    if (server.exitCode !== 0) throw new Failure(ENGINE_HINT);
    // The command builds with a plugin of its own that Debian's package lacks; the engine's own builder does as well.
    const hasBuilder = (await plain.#try(["buildx", "version"])).exitCode === 0;
    return hasBuilder ? plain : new Docker(cwd, signal, ["DOCKER_BUILDKIT=0"]);
  }

  /** Runs a command to its end. @returns what it printed, by lines. @throws Failure with its last lines. */
  async run(...args: readonly string[]): Promise<readonly string[]> {
    const { exitCode, lines } = await this.#try(args);
    this.#signal.throwIfAborted();
    if (exitCode === 0) return lines;
    throw new Failure(`docker ${args[0]} failed:\n${lines.slice(-SHOWN_LINES).join("\n")}`);
  }

  async #try(args: readonly string[]): Promise<{ readonly exitCode: number; readonly lines: readonly string[] }> {
    const lines: string[] = [];
    const exitCode = await runChild({
      command: "env",
      args: [...this.#environment, "docker", ...args],
      cwd: this.#cwd,
      signal: this.#signal,
      onLine: (line) => lines.push(line),
    });
    return { exitCode, lines };
  }
}
