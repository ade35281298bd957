import { expect, test } from "vitest";
import { whileReachable } from "./api-circuit.ts";
import { FakeCircuit } from "./testing/fake-circuit.ts";

test("who waits for the server hears of the first of all that ends it", () => {
  const agent = { circuit: new FakeCircuit(), apiServer: "https://192.0.2.1:6443" };
  const [one, other] = [new AbortController(), new AbortController()];
  using first = whileReachable(agent, one.signal, other.signal);
  other.abort(new Error("too late"));
  expect(first.signal.reason).toEqual(new Error("too late"));
  using second = whileReachable(agent, one.signal);
  agent.circuit.open();
  expect(second.signal.reason).toMatchObject({ code: "apiserver-unreachable" });
  expect(first.signal.reason).toEqual(new Error("too late"));
});
