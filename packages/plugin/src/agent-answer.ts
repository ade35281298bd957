import { type Command, decodeHttpResponse, isObject } from "@cluster-ipam/cni";
import { CATALOGUE, IpamError } from "@cluster-ipam/errors";
import type { ExchangeCall, ExchangeOutcome } from "./host.ts";

/** How a call ends: what goes to standard output, and the exit status that goes with it. */
export interface CallEnd {
  readonly stdout: string;
  readonly exitStatus: 0 | 1;
  /** Whose words they are: the trace of its own calls is the agent's. */
  readonly by: "agent" | "plugin";
}

/**
 * Turns the outcome of an exchange into the end of the call: the agent's own words where they have the agreed form, a
 * result object for ADD, nothing for the other commands, an error object for a failure.
 *
 * @throws {IpamError} agent-unreachable, for STATUS plugin-not-available, saying what happened instead. Whether the
 *   agent carried the request out is then unknown; the runtime's DEL settles it.
 */
export function readAnswer(outcome: ExchangeOutcome, command: Command, call: ExchangeCall): CallEnd {
  if (outcome.kind !== "answer") throw noAnswer(command, describeFailure(outcome, call));
  const response = decodeHttpResponse(outcome.text);
  if (response.kind === "malformed") {
    throw noAnswer(command, `the agent at ${call.path} gave no usable answer: ${response.reason}`);
  }
  const { status, body } = response;
  const isSuccess = status === 200;
  if (isSuccess ? isSuccessBody(body, command) : isErrorBody(body)) {
    return { stdout: body, exitStatus: isSuccess ? 0 : 1, by: "agent" };
  }
  const expected = isSuccess ? `the result of ${command}` : "a CNI error";
  throw noAnswer(command, `the agent at ${call.path} answered ${status} with a body that is not ${expected}`);
}

/** Whether the agent says that it did not carry the call out now and may do so later: code 11. */
export function isTryAgainLater({ stdout, exitStatus }: CallEnd): boolean {
  const error = exitStatus === 1 ? parse(stdout) : undefined;
  return isObject(error) && error["code"] === CATALOGUE["agent-not-ready"].cni;
}

function noAnswer(command: Command, message: string): IpamError {
  return new IpamError(command === "STATUS" ? "plugin-not-available" : "agent-unreachable", message);
}

function describeFailure(outcome: Exclude<ExchangeOutcome, { kind: "answer" }>, call: ExchangeCall): string {
  switch (outcome.kind) {
    case "unreachable": {
      const tried = `no connection to ${call.path} within ${call.connectForMs} ms (${outcome.reason})`;
      return `${tried}: is the cluster-ipam agent running on this node?`;
    }
    case "timeout":
      return `the agent at ${call.path} did not answer within ${call.answerWithinMs} ms`;
    case "broken":
      return `the connection to the agent at ${call.path} broke before the answer: ${outcome.reason}`;
  }
}

function isSuccessBody(body: string, command: Command): boolean {
  return command === "ADD" ? isObject(parse(body)) : body === "";
}

function isErrorBody(body: string): boolean {
  const error = parse(body);
  return isObject(error) && typeof error["code"] === "number" && typeof error["msg"] === "string";
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
