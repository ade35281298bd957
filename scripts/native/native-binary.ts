import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../process/failure.ts";
import { Progress } from "../process/progress.ts";
import { replaceFile } from "../process/whole-file.ts";
import { hostTriple, runCargo, targetFolder } from "./cargo.ts";

const NAME = "cluster-ipam";

/** How many of a failed build's last lines are shown. */
const SHOWN_LINES = 40;

/**
 * Builds the plugin's static binary. The target appears complete or not at all, whatever happens on the way.
 *
 * @param root - the top of the repository.
 * @returns the binary's size in bytes.
 * @throws Failure with the compiler's last lines when the build fails.
 */
export async function buildNativeBinary(root: string, target: string, signal: AbortSignal): Promise<number> {
  using progress = new Progress(`build: ${NAME}`);
  const tail: string[] = [];
  const onLine = (line: string): void => {
    tail.push(line);
    const [, crate] = /^ *Compiling (\S+)/.exec(line) ?? [];
    if (crate !== undefined) progress.stage(`compiling ${crate}, a minute or two in all when nothing is there yet`);
  };
  const triple = hostTriple();
  const args = ["build", "--release", "--locked", "--target", triple];
  const exitCode = await runCargo({ root, args, signal, onLine });
  signal.throwIfAborted();
  if (exitCode !== 0) throw new Failure(`build: cargo failed\n${tail.slice(-SHOWN_LINES).join("\n")}`);
  const built = join(targetFolder(root), triple, "release", NAME);
  replaceFile(target, (temporary) => copyFileSync(built, temporary));
  return statSync(target).size;
}
