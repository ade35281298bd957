import { spawn } from "node:child_process";

/** What a program ended with: its exit status, null where a signal ended it, and all that it wrote. */
export interface Finished {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program in `folder` until it ends. */
export function run(program: string, args: readonly string[], folder: string): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => chunks.push(chunk));
    }
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output: chunks.join("") }));
  });
}

/** Runs the model of the tree in `folder`, in a process of its own: its runs replace the timers of theirs. */
export function runModel(folder: string, ...seeds: readonly string[]): Promise<Finished> {
  const args = ["--conditions=@cluster-ipam/source", "test/model/src/main.ts", ...seeds];
  return run(process.execPath, args, folder);
}
