import { expect, test } from "vitest";
import { makeTemporaryFolder } from "../test/temporary-folder.ts";
import { lockBuilds } from "./build-lock.ts";

const never = new AbortController().signal;

test("a second build of the same folder says that it waits, and goes on when the first is done", async () => {
  const folder = makeTemporaryFolder();
  const order: string[] = [];
  const first = await lockBuilds(folder, () => order.push("first waits"), never);
  const second = lockBuilds(folder, () => order.push("second waits"), never);
  await expect.poll(() => order).toEqual(["second waits"]);
  order.push("first ends");
  await first[Symbol.asyncDispose]();
  const held = await second;
  expect(order).toEqual(["second waits", "first ends"]);
  await held[Symbol.asyncDispose]();
});

test("builds of different folders do not wait for each other", async () => {
  await using _one = await lockBuilds(makeTemporaryFolder(), () => expect.unreachable(), never);
  await using _other = await lockBuilds(makeTemporaryFolder(), () => expect.unreachable(), never);
});

test("a waiting build can be given up", async () => {
  const folder = makeTemporaryFolder();
  await using _held = await lockBuilds(folder, () => expect.unreachable(), never);
  const stop = new AbortController();
  const waiting = lockBuilds(folder, () => stop.abort(), stop.signal);
  await expect(waiting).rejects.toThrow("aborted");
});
