import { expect, test } from "vitest";
import { AttachmentGate } from "./attachment-gate.ts";

const INTERFACE = { containerId: "c1", ifName: "net1" };

test("tasks of one interface run one at a time, in the order in which they came", async () => {
  const gate = new AttachmentGate();
  const events: string[] = [];
  const task = (name: string, waitMs: number) =>
    gate.run(INTERFACE, async () => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      events.push(`${name} ends`);
      return name;
    });
  const results = await Promise.all([task("first", 10), task("second", 1), task("third", 0)]);
  expect(results).toEqual(["first", "second", "third"]);
  expect(events).toEqual(["first begins", "first ends", "second begins", "second ends", "third begins", "third ends"]);
});

test.each([
  ["another interface", { containerId: "c1", ifName: "net2" }],
  ["another container", { containerId: "c2", ifName: "net1" }],
])("a task of %s does not wait", async (_, other) => {
  const gate = new AttachmentGate();
  const first = Promise.withResolvers<void>();
  const running = gate.run(INTERFACE, () => first.promise);
  await expect(gate.run(other, () => Promise.resolve("at once"))).resolves.toBe("at once");
  first.resolve();
  await running;
});

test("a task that fails tells its own caller and lets the next one through", async () => {
  const gate = new AttachmentGate();
  const failing = gate.run(INTERFACE, () => Promise.reject(new Error("first")));
  const next = gate.run(INTERFACE, () => Promise.resolve("second"));
  await expect(failing).rejects.toThrow("first");
  await expect(next).resolves.toBe("second");
});

test("a task that comes while the last one of a row runs waits for it", async () => {
  const gate = new AttachmentGate();
  const events: string[] = [];
  await gate.run(INTERFACE, async () => void events.push("first"));
  const second = gate.run(INTERFACE, async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    events.push("second");
  });
  await Promise.all([second, gate.run(INTERFACE, async () => void events.push("third"))]);
  expect(events).toEqual(["first", "second", "third"]);
});
