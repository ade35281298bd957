import { afterEach, beforeEach, expect, test } from "vitest";
import { type ActionAnswer, ActionServer } from "./action-server.ts";

let answer: ActionAnswer | Error | Promise<ActionAnswer>;
let calls: number;
let server: ActionServer;
let origin: string;

beforeEach(async () => {
  answer = { status: 200, body: { done: true } };
  calls = 0;
  const act = async (): Promise<ActionAnswer> => {
    calls += 1;
    if (answer instanceof Error) throw answer;
    return await answer;
  };
  server = new ActionServer({ actions: { "/v1/act": act, "/v1/other": act } });
  origin = `http://127.0.0.1:${await server.listen({ host: "127.0.0.1", port: 0 })}`;
});

afterEach(() => server.close());

async function send(path: string, init: RequestInit = { method: "POST" }): Promise<readonly [number, unknown]> {
  const response = await fetch(origin + path, init);
  return [response.status, await response.json()];
}

test("a POST has it done, and its answer is JSON that is not to be kept", async () => {
  const response = await fetch(`${origin}/v1/act`, { method: "POST" });
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect([response.status, await response.json(), calls]).toEqual([200, { done: true }, 1]);
});

test("whatever type an empty body is said to have", async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect(await send("/v1/act", { method: "POST", headers, body: "" })).toEqual([200, { done: true }]);
});

test("an action says its own status", async () => {
  answer = { status: 503, body: { message: "not here" } };
  expect(await send("/v1/act")).toEqual([503, { message: "not here" }]);
});

test("an action that throws is a failure, and the next one is done", async () => {
  answer = new Error("no answer");
  expect(await send("/v1/act")).toEqual([500, { message: "no answer" }]);
  answer = { status: 200, body: {} };
  expect(await send("/v1/act")).toEqual([200, {}]);
});

test("nothing else is served, and does nothing", async () => {
  expect(await send("/v1/act", { method: "GET" })).toEqual([405, { message: "only POST is served" }]);
  expect(await send("/v1/act", { method: "DELETE" })).toEqual([405, { message: "only POST is served" }]);
  expect(await send("/")).toEqual([404, { message: "not found: /v1/act, /v1/other" }]);
  expect((await send("/v1/act", { method: "POST", body: "long" }))[0]).toBe(413);
  expect(calls).toBe(0);
});

test("who hangs up before the answer hurts nobody", async () => {
  const { promise, resolve } = Promise.withResolvers<ActionAnswer>();
  answer = promise;
  const hungUp = new AbortController();
  const first = fetch(`${origin}/v1/act`, { method: "POST", signal: hungUp.signal });
  const second = send("/v1/act");
  await expect.poll(() => calls).toBe(2);
  hungUp.abort();
  await expect(first).rejects.toThrow("aborted");
  resolve({ status: 200, body: { done: true } });
  expect(await second).toEqual([200, { done: true }]);
  expect((await send("/v1/act"))[0]).toBe(200);
});
