import { answerVersion, versionAtLeast, type WireRequest } from "@cluster-ipam/cni";
import fc from "fast-check";
import { expect, test } from "vitest";
import { expectAddResult, expectErrorResult } from "../testing/answer-rules.ts";
import { nearMissCalls } from "../testing/near-miss-calls.ts";
import { ServedAgents } from "../testing/served-agents.ts";

/** A few seconds. */
const RUNS = 1_500;
/** Of those, at least so many must be calls that succeed, or the property would say little. */
const MIN_ADDITIONS = 60;
/** No call has to wait for anything here. */
const CALL_TIMEOUT_MS = 3_000;

test("whatever a call says, the answer is a result of its version or an error of the catalogue, and nothing leaks", async () => {
  await using served = new ServedAgents();
  let additions = 0;
  const property = fc.asyncProperty(nearMissCalls(), async (wire) => {
    await served.renew();
    const { isSuccess, text } = await served.call(wire);
    const version = answerVersion(wire.stdin);
    if (!isSuccess) {
      const code = expectErrorResult(text, version, JSON.stringify(wire));
      expect(code, text).not.toBe("internal");
      expect(served.leases.snapshot()).toEqual([]);
    } else if (wire.env["CNI_COMMAND"] === "ADD") {
      additions += 1;
      expectAddResult(text, version);
      await expectLife(served, wire, text);
    } else {
      expect(text).toBe("");
    }
  });
  await fc.assert(property, { numRuns: RUNS, timeout: CALL_TIMEOUT_MS });
  expect(additions).toBeGreaterThan(MIN_ADDITIONS);
}, 60_000);

/** What was added is the same when asked for again, passes CHECK, and is gone after DEL. */
async function expectLife(served: ServedAgents, add: WireRequest, text: string): Promise<void> {
  const leases = served.leases.snapshot();
  expect(await served.call(add)).toEqual({ isSuccess: true, text });
  expect(served.leases.snapshot()).toEqual(leases);

  const stdin = JSON.stringify({ ...JSON.parse(add.stdin), prevResult: JSON.parse(text) });
  const startedAt = String(BigInt(add.startedAt) + 1n);
  const later = (command: string): WireRequest => ({ startedAt, env: { ...add.env, CNI_COMMAND: command }, stdin });
  if (versionAtLeast(answerVersion(add.stdin), "0.4.0")) {
    expect(await served.call(later("CHECK"))).toEqual({ isSuccess: true, text: "" });
  }
  expect(await served.call(later("DEL"))).toEqual({ isSuccess: true, text: "" });
  expect(served.leases.snapshot()).toEqual([]);
}
