import { expect, test } from "vitest";
import { defectsIn } from "./agent-log.ts";

const INFO = '{"level":30,"msg":"agent is listening"}';
const ERROR = '{"level":50,"err":{"type":"TypeError","message":"x is not a function"},"msg":"call failed by a defect"}';
const FULL = '{"level":50,"err":{"code":"ENOSPC","message":"no space left"},"msg":"release could not be spooled"}';

test("errors and what is no line of the agent's tell of defects", () => {
  const stack = "    at run (/opt/agent.js:1:2)";
  expect(defectsIn([INFO, ERROR, stack, ""].join("\n"))).toEqual([ERROR, stack]);
});

test("the words of a full disk and a line that was cut off do not", () => {
  expect(defectsIn([FULL, INFO.slice(0, 12), INFO].join("\n"))).toEqual([]);
});
