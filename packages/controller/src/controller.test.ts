import { createLogger } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { type Concern, Controller } from "./controller.ts";

let lines: Record<string, unknown>[];
let ended: string[];
let shutdown: AbortController;

beforeEach(() => {
  lines = [];
  ended = [];
  shutdown = new AbortController();
});

function controllerOf(...concerns: readonly Concern[]): Controller {
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return new Controller({ concerns, log: createLogger({}, "info", { write }) });
}

/** Runs until it is told to end, and says that it has. */
function patient(name: string): Concern {
  return {
    name,
    run: async (signal) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended.push(name);
    },
  };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("concerns run side by side, again and again, each time until all have been told to end", async () => {
  const controller = controllerOf(patient("a"), patient("b"));
  for (const expected of [
    ["a", "b"],
    ["a", "b", "a", "b"],
  ]) {
    const told = new AbortController();
    let isOver = false;
    const running = controller.run(told.signal).then(() => void (isOver = true));
    await settled();
    expect(isOver).toBe(false);
    told.abort();
    await running;
    expect(ended).toEqual(expected);
  }
});

test("a controller without concerns leads all the same", async () => {
  const running = controllerOf().run(shutdown.signal);
  shutdown.abort();
  await expect(running).resolves.toBeUndefined();
});

test("a concern that fails ends the others, and then all of it, with its error", async () => {
  const failing = { name: "bad", run: () => Promise.reject(new TypeError("oops")) };
  await expect(controllerOf(patient("a"), failing).run(shutdown.signal)).rejects.toThrow(new TypeError("oops"));
  expect(ended).toEqual(["a"]);
  expect(lines).toMatchObject([{ level: 50, concern: "bad", msg: "concern failed", err: { message: "oops" } }]);
});

test("a concern that ends by itself has failed", async () => {
  const early = { name: "early", run: () => Promise.resolve() };
  await expect(controllerOf(early).run(shutdown.signal)).rejects.toThrow("early ended by itself");
});

test("a concern may end with the reason of its signal, but with no other error", async () => {
  const endings: unknown[] = [];
  for (const error of [undefined, new Error("could not tidy up")]) {
    const told = new AbortController();
    const concern = {
      name: "c",
      run: (signal: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(error ?? (signal.reason as Error)));
        }),
    };
    const running = controllerOf(concern).run(told.signal);
    told.abort();
    endings.push(
      await running.then(
        () => "ended",
        (cause: unknown) => cause,
      ),
    );
  }
  expect(endings).toEqual(["ended", new Error("could not tidy up")]);
});
