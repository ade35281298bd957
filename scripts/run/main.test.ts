import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeTemporaryFolder } from "../test/temporary-folder.ts";

const RUN = join(import.meta.dirname, "main.ts");

/** Starts a program below the runner. Its text may start `sleeper`, a child that no signal but a kill ends. */
function startProgram(text: string): { readonly runner: ChildProcess; readonly folder: string } {
  const folder = makeTemporaryFolder();
  const program = join(folder, "program.ts");
  const sleeper = join(folder, "sleeper.sh");
  writeFileSync(sleeper, "trap '' INT TERM HUP\nwhile :; do sleep 1; done\n");
  const start = `spawn("sh", [${JSON.stringify(sleeper)}], { detached: true, stdio: "ignore" }).unref();`;
  const prelude = `import { spawn } from "node:child_process";\nimport { writeFileSync } from "node:fs";\n`;
  const ready = `writeFileSync(${JSON.stringify(join(folder, "ready"))}, "");`;
  writeFileSync(program, `${prelude}${text.replace("START", start)}\n${ready}\n`);
  const runner = spawn(process.execPath, [RUN, program], { stdio: "ignore" });
  onTestFinished(() => {
    for (const pid of processesOf(folder)) process.kill(pid, "SIGKILL");
  });
  return { runner, folder };
}

/** The processes whose command line names a folder. */
function processesOf(folder: string): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => commandLine(pid).includes(folder)).map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

const isReady = (folder: string): boolean => readdirSync(folder).includes("ready");

test("the exit status is the program's", async () => {
  const { runner } = startProgram("process.exitCode = 7;");
  expect(await once(runner, "exit")).toEqual([7, null]);
});

test("a program that ends by itself may leave something running, as a demo that is kept does", async () => {
  const { runner, folder } = startProgram("START");
  await once(runner, "exit");
  expect(processesOf(folder)).toHaveLength(1);
});

test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "at %s the program may put its things away, and what it forgets is killed",
  async (signal) => {
    const stop = `process.on("${signal}", () => { process.exitCode = 3; clearInterval(timer); });`;
    const { runner, folder } = startProgram(`START\nconst timer = setInterval(() => {}, 1_000);\n${stop}`);
    await expect.poll(() => isReady(folder), { timeout: 5_000 }).toBe(true);
    runner.kill(signal);
    expect(await once(runner, "exit")).toEqual([3, null]);
    await expect.poll(() => processesOf(folder)).toEqual([]);
  },
);

const STUBBORN = `START\nprocess.on("SIGTERM", () => {});\nsetInterval(() => {}, 1_000);`;

test("a signal that comes twice at once is one wish: make passes it on to a group that has it already", async () => {
  const { runner, folder } = startProgram(
    `let asked = 0;\nprocess.on("SIGTERM", () => { asked += 1; });\nsetTimeout(() => process.exit(asked), 1_500);`,
  );
  await expect.poll(() => isReady(folder), { timeout: 5_000 }).toBe(true);
  const ended = once(runner, "exit");
  runner.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 100));
  runner.kill("SIGTERM");
  expect(await ended).toEqual([1, null]);
});

test("a signal from somebody who has waited kills a program that does not stop", async () => {
  const { runner, folder } = startProgram(STUBBORN);
  await expect.poll(() => isReady(folder), { timeout: 5_000 }).toBe(true);
  const ended = once(runner, "exit");
  runner.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 2_200));
  expect(runner.exitCode).toBeNull();
  runner.kill("SIGTERM");
  expect(await ended).toEqual([137, null]);
  await expect.poll(() => processesOf(folder)).toEqual([]);
});
