import { describe, expect, it } from "vitest";
import { EventRecorder, type KubeEvent } from "./event-recorder.ts";
import type { KubeAnswer, KubeRequest } from "./kube-request.ts";

const POD = { apiVersion: "v1", kind: "Pod", name: "web-0", namespace: "shop", uid: "u-1" };
const EVENT: KubeEvent = { regarding: POD, type: "Warning", reason: "Lost", action: "None", note: "it is lost" };
const CREATED: KubeAnswer = { kind: "answered", status: 201, body: "{}" };

function open(answer: () => Promise<KubeAnswer> | KubeAnswer = () => CREATED) {
  const requests: KubeRequest[] = [];
  const lost: KubeEvent[] = [];
  const time = { nowMs: 0 };
  const recorder = new EventRecorder({
    client: {
      request: async (request) => {
        requests.push(request);
        return answer();
      },
    },
    reportingController: "example.io/agent",
    reportingInstance: "n1",
    onLost: (event) => lost.push(event),
    nowMs: () => time.nowMs,
  });
  return { recorder, requests, lost, time };
}

function bodyOf(request: KubeRequest | undefined): Readonly<Record<string, unknown>> {
  return JSON.parse(request?.body ?? "{}") as Readonly<Record<string, unknown>>;
}

describe("an event", () => {
  it("goes to the namespace of what it is about, with its reporter and a time in microseconds", async () => {
    const { recorder, requests, lost } = open();
    recorder.tell(EVENT);
    await recorder.idle();
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: "POST", path: "/apis/events.k8s.io/v1/namespaces/shop/events" });
    expect(bodyOf(requests[0])).toEqual({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: expect.stringMatching(/^web-0\.[0-9a-f]{16}$/), namespace: "shop" },
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      regarding: POD,
      type: "Warning",
      reason: "Lost",
      action: "None",
      note: "it is lost",
      reportingController: "example.io/agent",
      reportingInstance: "n1",
    });
    expect(lost).toEqual([]);
  });

  it("about what is cluster-scoped goes to the namespace default", async () => {
    const { recorder, requests } = open();
    recorder.tell({ ...EVENT, regarding: { ...POD, namespace: "" } });
    await recorder.idle();
    expect(requests[0]?.path).toBe("/apis/events.k8s.io/v1/namespaces/default/events");
    expect(bodyOf(requests[0])["regarding"]).not.toHaveProperty("namespace");
  });

  it("has a name and a note that the server takes, however long they are", async () => {
    const { recorder, requests } = open();
    recorder.tell({ ...EVENT, regarding: { ...POD, name: "n".repeat(253) }, note: "é".repeat(2_000) });
    await recorder.idle();
    const { metadata, note } = bodyOf(requests[0]) as { metadata: { name: string }; note: string };
    expect(metadata.name).toHaveLength(253);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    expect(note).toMatch(/^é+…$/);
  });

  it.each<readonly [string, KubeAnswer]>([
    ["refused", { kind: "answered", status: 403, body: "" }],
    ["without an answer", { kind: "failed", cause: new Error("gone"), isSent: true }],
  ])("that is %s is told to be lost, and the next one is sent", async (_, answer) => {
    const { recorder, requests, lost } = open(() => answer);
    recorder.tell(EVENT);
    recorder.tell({ ...EVENT, note: "another" });
    await recorder.idle();
    expect(lost.map(({ note }) => note)).toEqual(["it is lost", "another"]);
    expect(requests).toHaveLength(2);
  });
});

describe("of many events", () => {
  it("the same one is sent once in ten minutes", async () => {
    const { recorder, requests, time } = open();
    for (const nowMs of [0, 1, 599_999, 600_000, 600_001]) {
      time.nowMs = nowMs;
      recorder.tell(EVENT);
      await recorder.idle();
    }
    expect(requests).toHaveLength(2);
  });

  it("twenty-five go at once, then one in ten seconds", async () => {
    const { recorder, requests, time } = open();
    const flood = async (): Promise<void> => {
      for (let index = 0; index < 40; index += 1) {
        recorder.tell({ ...EVENT, note: `${time.nowMs}/${index}` });
        await recorder.idle();
      }
    };
    await flood();
    expect(requests).toHaveLength(25);
    time.nowMs = 29_999;
    await flood();
    expect(requests).toHaveLength(27);
  });

  it("no more than one is under way, and telling waits for none", async () => {
    const { promise, resolve } = Promise.withResolvers<KubeAnswer>();
    const { recorder, requests } = open(() => promise);
    recorder.tell(EVENT);
    recorder.tell({ ...EVENT, note: "another" });
    await Promise.resolve();
    expect(requests).toHaveLength(1);
    resolve(CREATED);
    await recorder.idle();
    expect(requests).toHaveLength(2);
  });
});
