import { describe, expect, test } from "vitest";
import { readPluginOutput } from "./plugin-answer.ts";

const FORM = { cniVersion: "1.1.0", addresses: [/^10\.0\.0\.\d+\/24$/, /^fd00::\d+\/112$/] };
const RESULT = '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"},{"address":"fd00::5/112"}]}';
const ERROR = '{"cniVersion":"1.1.0","code":11,"msg":"try again later"}';

test("a result gives its addresses", () => {
  const end = readPluginOutput("ADD", { exitCode: 0, stdout: RESULT }, FORM);
  expect(end).toEqual({ kind: "result", addresses: ["10.0.0.5", "fd00::5"] });
});

test.for(["DEL", "CHECK"])("a %s that succeeds prints nothing", (command) => {
  expect(readPluginOutput(command, { exitCode: 0, stdout: "" }, FORM)).toEqual({ kind: "done" });
});

test.for(["ADD", "DEL", "CHECK"])("the error of a %s gives its code and text", (command) => {
  const end = readPluginOutput(command, { exitCode: 1, stdout: ERROR }, FORM);
  expect(end).toEqual({ kind: "error", code: 11, text: "try again later" });
});

test("a plugin that a signal ended has not run", () => {
  expect(readPluginOutput("ADD", { exitCode: 128, stdout: "" }, FORM)).toMatchObject({ kind: "not-run" });
});

describe("what the protocol does not allow", () => {
  test.for<readonly [string, string, number, string]>([
    ["a result without a document", "ADD", 0, ""],
    ["a result that is cut off", "ADD", 0, RESULT.slice(0, -1)],
    ["two documents", "ADD", 0, `${RESULT}${RESULT}`],
    ["a result of one family", "ADD", 0, '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}]}'],
    ["two of one family", "ADD", 0, RESULT.replace("fd00::5/112", "10.0.0.6/24")],
    ["another network's address", "ADD", 0, RESULT.replace("10.0.0.5", "10.9.0.5")],
    ["another prefix length", "ADD", 0, RESULT.replace("/24", "/16")],
    ["another version", "ADD", 0, RESULT.replace("1.1.0", "1.0.0")],
    ["a result with the status of an error", "ADD", 1, RESULT],
    ["an error with the status of a result", "ADD", 0, ERROR],
    ["a DEL that prints", "DEL", 0, RESULT],
    ["an error without a document", "DEL", 1, ""],
    ["an error without text", "ADD", 1, '{"cniVersion":"1.1.0","code":11,"msg":""}'],
    ["another status", "ADD", 64, ERROR],
  ])("%s", ([, command, exitCode, stdout]) => {
    expect(readPluginOutput(command, { exitCode, stdout }, FORM)).toMatchObject({ kind: "malformed" });
  });
});
