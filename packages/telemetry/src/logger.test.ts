import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";

function capture(level: LogLevel): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { log: createLogger({ node: "n1" }, level, { write }), lines };
}

describe("a line of the log", () => {
  test("is one JSON object with the logger's own fields, the message and an ISO time", () => {
    const { log, lines } = capture("info");
    log.info({ ip: "fd00::5", pool: "lan" }, "lease created");
    expect(lines).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        node: "n1",
        ip: "fd00::5",
        pool: "lan",
        msg: "lease created",
      },
    ]);
  });

  test("holds an error with its type, message, code and stack", () => {
    const { log, lines } = capture("info");
    log.error({ err: Object.assign(new TypeError("oops"), { code: "E1" }) }, "call failed");
    expect(lines[0]).toMatchObject({
      err: { type: "TypeError", message: "oops", code: "E1", stack: expect.any(String) },
    });
  });

  test("names an error as it names itself, whatever its class is called in the bundle", () => {
    const { log, lines } = capture("info");
    const Minified = class e extends Error {
      override readonly name = "IpamError";
    };
    log.error({ err: new Minified("oops") }, "call failed");
    log.error({ err: "no error at all" }, "call failed");
    expect(lines.map(({ err }) => err)).toMatchObject([{ type: "IpamError", message: "oops" }, "no error at all"]);
  });

  test("has no process ID and no host name: the node is what matters", () => {
    const { log, lines } = capture("info");
    log.info("agent is listening");
    expect(lines[0]).not.toHaveProperty("pid");
    expect(lines[0]).not.toHaveProperty("hostname");
  });
});

test.each([
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
  ["silent", []],
] as const)("level %s lets %j through", (level, expected) => {
  const { log, lines } = capture(level);
  for (const each of ["debug", "info", "warn", "error"] as const) log[each](each);
  expect(lines.map(({ msg }) => msg)).toEqual(expected);
});

test("the levels are listed from the most talkative to none", () => {
  expect(LOG_LEVELS).toEqual(["debug", "info", "warn", "error", "silent"]);
});

test("without a destination lines go to standard error, and standard output stays empty", () => {
  const module = new URL("logger.ts", import.meta.url).href;
  const code = `import { createLogger } from ${JSON.stringify(module)}; createLogger({}, "info").info("hello");`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({ msg: "hello" });
});
