import { expect, test } from "vitest";
import { SharedRead } from "./shared-read.ts";
import { FakeClock } from "./testing/index.ts";

const NEVER = new AbortController().signal;

test("before the first read there is no value", () => {
  const { shared } = setUp();
  expect(shared.latest).toBeUndefined();
});

test("a value that is fresh enough costs no read", async () => {
  const { clock, shared, reads } = setUp();
  await clock.advance(100);
  const first = shared.since(50, NEVER);
  reads[0]?.resolve("a");
  expect(await first).toBe("a");
  await clock.advance(100);
  expect(await shared.since(100, NEVER)).toBe("a");
  expect(reads).toHaveLength(1);
  expect(shared.latest).toEqual({ value: "a", startedAtMs: 100 });
});

test("a value that is too old is read again, and its age counts from the beginning of the read", async () => {
  const { clock, shared, reads } = setUp();
  const first = shared.since(0, NEVER);
  await clock.advance(100);
  reads[0]?.resolve("a");
  await first;
  const second = shared.since(1, NEVER);
  reads[1]?.resolve("b");
  expect(await second).toBe("b");
  expect(shared.latest).toEqual({ value: "b", startedAtMs: 100 });
});

test("calls at one time share one read", async () => {
  const { shared, reads } = setUp();
  const calls = [shared.since(0, NEVER), shared.since(0, NEVER), shared.since(0, NEVER)];
  reads[0]?.resolve("a");
  expect(await Promise.all(calls)).toEqual(["a", "a", "a"]);
  expect(reads).toHaveLength(1);
});

test("calls that need a fresher read than the one under way wait for it, then share the next", async () => {
  const { clock, shared, reads } = setUp();
  const early = shared.since(0, NEVER);
  await clock.advance(10);
  const late = [shared.since(10, NEVER), shared.since(10, NEVER)];
  await clock.advance(10);
  expect(reads).toHaveLength(1);
  reads[0]?.resolve("old");
  expect(await early).toBe("old");
  await clock.advance(0);
  expect(reads).toHaveLength(2);
  reads[1]?.resolve("new");
  expect(await Promise.all(late)).toEqual(["new", "new"]);
  expect(shared.latest).toEqual({ value: "new", startedAtMs: 20 });
});

test("a read that fails fails the call that began it, and the others read for themselves", async () => {
  const { clock, shared, reads } = setUp();
  const first = shared.since(0, NEVER);
  const second = shared.since(0, NEVER);
  const third = shared.since(0, NEVER);
  reads[0]?.reject(new Error("deadline of the first"));
  await expect(first).rejects.toThrow("deadline of the first");
  await clock.advance(0);
  expect(reads).toHaveLength(2);
  reads[1]?.resolve("a");
  expect(await Promise.all([second, third])).toEqual(["a", "a"]);
});

test("a failed read leaves the value of the one before", async () => {
  const { clock, shared, reads } = setUp();
  const first = shared.since(0, NEVER);
  reads[0]?.resolve("a");
  await first;
  await clock.advance(10);
  const second = shared.since(10, NEVER);
  reads[1]?.reject(new Error("no"));
  await expect(second).rejects.toThrow("no");
  expect(shared.latest).toEqual({ value: "a", startedAtMs: 0 });
  expect(await shared.since(0, NEVER)).toBe("a");
});

test("a call that is cancelled begins no read", async () => {
  const { shared, reads } = setUp();
  const reason = new Error("cancelled");
  await expect(shared.since(0, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(reads).toHaveLength(0);
});

test("a call that is cancelled while another's read is under way ends at once, and the read goes on", async () => {
  const { shared, reads } = setUp();
  const first = shared.since(0, NEVER);
  const controller = new AbortController();
  const second = shared.since(0, controller.signal);
  const reason = new Error("cancelled");
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  reads[0]?.resolve("a");
  expect(await first).toBe("a");
});

test("a read is bounded by the signal of the call that began it", async () => {
  const { shared, reads } = setUp();
  const controller = new AbortController();
  const first = shared.since(0, controller.signal);
  expect(reads[0]?.signal).toBe(controller.signal);
  reads[0]?.resolve("a");
  await first;
});

test("a value that was forgotten is read again, but a read under way is still shared", async () => {
  const { clock, shared, reads } = setUp();
  const first = shared.since(0, NEVER);
  reads[0]?.resolve("a");
  await first;
  await clock.advance(10);
  const second = shared.since(10, NEVER);
  shared.forget();
  expect(shared.latest).toBeUndefined();
  const third = shared.since(0, NEVER);
  expect(reads).toHaveLength(2);
  reads[1]?.resolve("b");
  expect(await Promise.all([second, third])).toEqual(["b", "b"]);
});

interface FakeRead {
  readonly signal: AbortSignal;
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

/** A shared read whose reads a test ends by hand. */
function setUp() {
  const clock = new FakeClock();
  const reads: FakeRead[] = [];
  const read = (signal: AbortSignal): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    reads.push({ signal, resolve, reject });
    return promise;
  };
  return { clock, reads, shared: new SharedRead(read, clock) };
}
